# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the input image. The clipboard and the 3D View need a window."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def no_picture(scene):
    yield
    scene.zero123.image = None


def test_open_picture_reuses_an_open_file(bpy, scene, picture):
    for _ in range(2):
        assert bpy.ops.zero123.open_picture(filepath=str(picture)) == {'FINISHED'}
    assert [image.name for image in bpy.data.images] == ["ball.png"]
    assert scene.zero123.image == bpy.data.images["ball.png"]


@pytest.mark.parametrize("content", [None, b"This is not an image."])
def test_open_picture_refuses_other_files(bpy, scene, contents, tmp_path, content):
    path = tmp_path / "no.png"
    if content is not None:
        path.write_bytes(content)
    before = contents()
    with pytest.raises(RuntimeError, match=r"no\.png.*; choose another file"):
        bpy.ops.zero123.open_picture(filepath=str(path))
    assert contents() == before
    assert scene.zero123.image is None


def test_open_picture_takes_a_file_of_layers(bpy, scene, tmp_path):
    """An OpenEXR file of layers has no size in Blender."""
    render = scene.render
    render.engine, scene.cycles.samples = 'CYCLES', 1
    render.resolution_x = render.resolution_y = 32
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    settings = render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = 'MULTI_LAYER_IMAGE'
    settings.file_format = 'OPEN_EXR_MULTILAYER'
    render.filepath = str(tmp_path / "layers.exr")
    bpy.ops.render.render(write_still=True)
    if hasattr(settings, "media_type"):
        settings.media_type = 'IMAGE'
    assert bpy.ops.zero123.open_picture(filepath=render.filepath) == {'FINISHED'}
    assert scene.zero123.image.name == "layers.exr"


def test_picture_from_render_keeps_transparency(bpy, scene):
    """The image has the render's transparency, and the scene's output settings are unchanged."""
    render = scene.render
    render.engine, render.film_transparent = 'CYCLES', True
    render.resolution_x, render.resolution_y, scene.cycles.samples = 64, 48, 1
    render.image_settings.file_format = 'OPEN_EXR'
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location.z = 6
    for item in (camera, bpy.data.objects.new("Square", mesh)):
        scene.collection.objects.link(item)
    scene.camera = camera
    bpy.ops.render.render()
    settings = render.image_settings
    before = (settings.file_format, settings.color_mode, settings.color_depth)
    bpy.ops.zero123.picture_from_render()
    image = scene.zero123.image
    assert (image.size[:], image.channels) == ((64, 48), 4)
    assert image.packed_file is not None
    alpha = np.array(image.pixels).reshape(48, 64, 4)[..., 3]
    assert (alpha[24, 32], alpha[2, 2]) == (1, 0)
    assert (settings.file_format, settings.color_mode, settings.color_depth) == before


def test_picture_from_render_needs_a_render(bpy, scene):
    bpy.data.batch_remove([image for image in bpy.data.images if image.type == 'RENDER_RESULT'])
    with pytest.raises(RuntimeError, match="there is no render yet; render the scene first"):
        bpy.ops.zero123.picture_from_render()


def test_input_image_operators_ask_for_a_window(bpy, scene):
    with pytest.raises(RuntimeError, match="clipboard needs a window"):
        bpy.ops.zero123.paste_picture()
    with pytest.raises(RuntimeError, match="3D View"):
        bpy.ops.zero123.picture_from_viewport()


def test_file_of_text_reads_paths_and_addresses(extension, tmp_path):
    file_of_text = extension("operators.input_image").file_of_text
    path = tmp_path / "a chair.png"
    Image.new("RGB", (32, 32)).save(path)
    for text in (str(path), f"'{path}'", f"{path}\n", path.as_uri()):
        assert file_of_text(text) == path
    (tmp_path / "note.txt").write_text("x")
    for text in ("", "a chair.png", str(tmp_path), str(tmp_path / "note.txt"), "x" * 5000,
                 f"{path}\n{path}", "https://example.org/a.png"):
        assert file_of_text(text) is None


def test_drop_handler_takes_image_files(bpy, extension):
    handler = bpy.types.ZERO123_FH_picture
    assert handler.bl_import_operator == "zero123.open_picture"
    assert set(handler.bl_file_extensions.split(";")) >= {".png", ".jpg", ".webp"}


def test_image_editor_has_the_same_panels(bpy, extension):
    panels = extension("ui").PANELS
    for panel in panels:
        twin = getattr(bpy.types, panel.__name__.replace("_PT_", "_PT_image_"))
        assert (twin.bl_space_type, twin.bl_label) == ('IMAGE_EDITOR', panel.bl_label)
        assert twin.draw is panel.draw


@pytest.mark.needs_engine
def test_prepare_picture_leaves_the_scene_unchanged(bpy, scene, extension, contents, picture,
                                                         tmp_path):
    image = bpy.data.images.load(str(picture))
    before = contents()
    bpy.ops.zero123.prepare_picture(image=image.name, framing='fit', out=str(tmp_path / "out"))
    assert contents() == before
    with Image.open(tmp_path / "out" / "prepared.png") as seen:
        rows, _ = np.nonzero(np.asarray(seen)[..., 3] > 127)
        assert seen.size == (256, 256)
    assert rows.max() - rows.min() + 1 == pytest.approx(160, abs=4)  # 0.625 of the frame
    job = list(extension("operators.session").session.runner.jobs)[-1]
    assert (job.state.value, job.import_pending, job.image) == ("Done", False, job.result)
    assert job.input_report["framing"] == "recentred"
    settings, prepared = scene.zero123, extension("ui.input_image").prepared
    settings.framing = 'fit'
    assert prepared(image, settings) is job
    settings.framing = 'auto'
    assert prepared(image, settings) is None
