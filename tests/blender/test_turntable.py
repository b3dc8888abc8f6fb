# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An orbit is shown as a turntable: on a plane in the timeline, and as a video file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from results import record, ring, write_views

COLORS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [128, 64, 32]], float)
SIZE = 33  # an odd size, which encoders refuse


@pytest.fixture(autouse=True)
def no_picks(extension):
    extension("operators.session").session.view_selection.clear()
    yield
    extension("operators.session").session.view_selection.clear()


@pytest.fixture
def result(tmp_path, picture):
    """Five views on one ring in arbitrary order, each in another colour, and one from above."""
    order = [2, 0, 4, 1, 3]
    poses = [ring(5)[i] for i in order] + [(0.0, 60.0, 1.85)]
    path = write_views(tmp_path / "job", picture, poses, size=SIZE)
    for number, i in enumerate(order):
        Image.new("RGB", (SIZE, SIZE), tuple(map(int, COLORS[i]))).save(
            path.with_name(f"view_{number:03d}.png"))
    return path


def _shown(bpy, scene, plane, frame):
    """The colour of a rendered plane at a frame, 8-bit sRGB."""
    scene.frame_set(frame)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "render.png"
        scene.render.image_settings.file_format, scene.render.filepath = 'PNG', str(file)
        bpy.ops.render.render(write_still=True, scene=scene.name)
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"), float)[2, 2]


def test_turntable_plane_turns_in_renders(bpy, scene, result):
    bpy.ops.zero123.turntable(filepath=str(result), planes='MESH', frames=12)
    plane, = bpy.data.collections["Zero123 ball"].objects
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (-3, -1.0, 0), (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    render = scene.render
    render.engine, scene.cycles.samples, render.film_transparent = 'CYCLES', 1, False
    render.resolution_x = render.resolution_y = 4
    scene.view_settings.view_transform = 'Standard'
    # Twelve frames for five views: 0 0 0 1 1 2 2 2 3 3 4 4, repeatedly.
    for frame, view in ((1, 0), (3, 0), (4, 1), (5, 1), (6, 2), (9, 3), (10, 3), (12, 4), (13, 0),
                        (22, 3), (0, 4), (-11, 0)):
        np.testing.assert_allclose(_shown(bpy, scene, plane, frame), COLORS[view], atol=3,
                                   err_msg=f"frame {frame}")


def test_turntable_image_empty_turns(bpy, scene, result):
    bpy.ops.zero123.turntable(filepath=str(result))
    plane, = bpy.data.collections["Zero123 ball"].objects
    assert (plane.type, plane.data.source) == ('EMPTY', 'SEQUENCE')
    files = sorted((result.parent / "turntable-96").iterdir())
    order = ["view_001.png", "view_003.png", "view_000.png", "view_004.png", "view_002.png"]
    for frame in range(1, 200, 7):
        scene.frame_set(frame)
        user = plane.evaluated_get(bpy.context.evaluated_depsgraph_get()).image_user
        shown = files[user.frame_current - 1].read_bytes()
        assert shown == result.with_name(order[(frame - 1) % 96 * 5 // 96]).read_bytes()


def test_turntable_plane_belongs_to_its_result(bpy, scene, result):
    """The plane has the result's collection, scale and record, and shows the selected views."""
    bpy.ops.zero123.import_result(filepath=str(result), size=2.0)
    collection = bpy.data.collections["Zero123 ball"]
    bpy.context.view_layer.objects.active = collection.objects[0]
    bpy.ops.zero123.pick_views()
    bpy.ops.zero123.use_view(view=1, use=False)  # at azimuth 0
    bpy.ops.zero123.turntable()
    plane = bpy.context.view_layer.objects.active
    bpy.context.view_layer.update()
    assert plane.name in collection.objects
    assert plane.matrix_world.translation.x == pytest.approx(-6)
    made = record(plane)
    assert (made["kind"], made["request"]["seed"], made["view"]) == ("views", 7, {"turn": 96})
    frames = sorted((result.parent / "turntable-96").iterdir())
    assert len({frame.read_bytes() for frame in frames}) == 4
    with Image.open(frames[0]) as first:
        np.testing.assert_array_equal(np.asarray(first)[0, 0], COLORS[1])
    # Other operators do not treat it as a view or a mesh.
    with pytest.raises(RuntimeError, match="contains no mesh"):
        bpy.ops.zero123.compare()
    bpy.ops.zero123.choose_sample(view=1, sample=0)
    assert plane.data.source == 'SEQUENCE'
    # A second turntable of another length does not remove the first one's files.
    bpy.ops.zero123.turntable(filepath=str(result), frames=10)
    assert len(frames) == len(list((result.parent / "turntable-96").iterdir())) == 96


def test_turntable_video_shows_every_view(bpy, scene, result, tmp_path, contents):
    before = contents()
    with Image.open(result.with_name("view_001.png")) as red:  # azimuth 0
        half = red.convert("RGBA")
    half.putalpha(128)
    half.save(result.with_name("view_001.png"))
    bpy.ops.zero123.turntable_video(filepath=str(result), seconds=2.0)
    bpy.data.batch_remove([image for image in bpy.data.images if image.type == 'RENDER_RESULT'])
    assert contents() == before
    assert [path.name for path in result.parent.glob("*turntable*")] == ["turntable.mp4"]
    movie = bpy.data.images.load(str(result.with_name("turntable.mp4")))
    assert movie.source == 'MOVIE'
    assert (movie.frame_duration, movie.size[:]) == (48, (SIZE + 1, SIZE + 1))
    # Blender decodes the first frame of a movie; half of red on white.
    seen = np.array(movie.pixels).reshape(SIZE + 1, SIZE + 1, 4)[SIZE // 2, SIZE // 2, :3]
    np.testing.assert_allclose(seen, (1, 0.5, 0.5), atol=0.04)


def test_turntable_needs_a_ring_of_views(bpy, scene, tmp_path, picture, contents):
    with pytest.raises(RuntimeError, match="no views are chosen; select"):
        bpy.ops.zero123.turntable()
    path = write_views(tmp_path / "few", picture, [*ring(2), (0.0, 60.0, 1.85)])
    before = contents()
    for operator in (bpy.ops.zero123.turntable, bpy.ops.zero123.turntable_video):
        with pytest.raises(RuntimeError, match="a turntable needs 3 views of one elevation"):
            operator(filepath=str(path))
    assert contents() == before
    assert {file.suffix for file in path.parent.iterdir()} == {".png", ".json"}


def test_turntable_is_regenerated_as_its_views(bpy, scene, extension, result):
    """`regenerate` repeats the request of the orbit."""
    bpy.ops.zero123.turntable(filepath=str(result))
    kept = json.loads((result.parent / "request.json").read_text())["request"]
    made = record(bpy.context.view_layer.objects.active)["request"]
    assert {name: made[name] for name in kept} == kept
