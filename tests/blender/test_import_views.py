# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views in the scene: cameras with the engine's poses, and planes that fill their frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from results import in_scene, ring, write_views

from engine import camera as conventions
from engine.imaging.view_set import ViewSet

POSES = [(0.0, 10.0, 1.85), (135.0, -20.0, 1.6), (250.0, 60.0, 2.1)]
POINTS = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.4, 0.1], [-0.2, 0.3, 0.5]], float)


@pytest.fixture
def views_json(tmp_path, picture):
    """Three views as the engine writes them."""
    azimuth, elevation, radius = map(np.array, zip(*POSES, strict=True))
    images = np.random.default_rng(0).random((3, 16, 16, 4), np.float32)
    meta = {"image": str(picture), "model": "nano", "seed": 7,
            "input": {"elevation_deg": 10.0, "radius": 1.85, "fov_deg": conventions.FOV_DEG}}
    views = ViewSet(images=images, azimuth_deg=azimuth, elevation_deg=elevation, radius=radius,
                    sample=np.zeros(3, int), meta=meta)
    return views.save(tmp_path / "job")


def _views(bpy):
    """(plane, camera) of every view but the input, in order."""
    planes = [item for item in bpy.data.objects if item.name.startswith("View")
              and item.type != 'CAMERA']
    return [(plane, plane.parent) for plane in sorted(planes, key=lambda item: item.name)]


def _project(bpy, camera, points):
    """Positions of points in the image of Blender's camera: N x 2, from the lower left, 0 to 1."""
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector
    bpy.context.view_layer.update()
    return np.array([world_to_camera_view(bpy.context.scene, camera, Vector(point))[:2]
                     for point in points])


def _expected(pose, points):
    """The same positions by the engine's conventions, turned to Blender's front."""
    azimuth, elevation, radius = pose
    world_to_camera = np.linalg.inv(in_scene(azimuth, elevation, radius))
    x, y, z = (points @ world_to_camera[:3, :3].T + world_to_camera[:3, 3]).T
    focal = conventions.focal_length_px(1)
    return np.stack([0.5 + focal * x / -z, 0.5 + focal * y / -z], axis=-1)


def test_import_views_cameras_match_the_engine(bpy, scene, views_json):
    scene.render.resolution_x = scene.render.resolution_y = 256
    bpy.ops.zero123.import_result(filepath=str(views_json))
    views = _views(bpy)
    assert len(views) == len(POSES)
    for (_, camera), pose in zip(views, POSES, strict=True):
        assert np.degrees(camera.data.angle) == pytest.approx(conventions.FOV_DEG, abs=1e-3)
        assert camera.data.lens == pytest.approx(35, abs=1e-3)
        seen, expected = _project(bpy, camera, POINTS), _expected(pose, POINTS)
        np.testing.assert_allclose(seen, expected, atol=1e-5)


@pytest.mark.parametrize("planes", ['EMPTY', 'MESH'])
def test_import_views_planes_fill_their_frames(bpy, scene, views_json, planes):
    scene.render.resolution_x = scene.render.resolution_y = 256
    bpy.ops.zero123.import_result(filepath=str(views_json), planes=planes)
    for plane, camera in _views(bpy):
        bpy.context.view_layer.update()
        half = plane.empty_display_size / 2 if planes == 'EMPTY' else plane.dimensions[0] / 2
        corners = np.array([[-half, -half, 0, 1], [half, half, 0, 1]])
        world = corners @ np.array(plane.matrix_world).T
        np.testing.assert_allclose(_project(bpy, camera, world[:, :3]), [[0, 0], [1, 1]], atol=1e-5)
        # In front of the object, whose bounding sphere has at most this radius.
        assert np.linalg.norm(plane.matrix_world.translation) > np.sqrt(3) / 2


def test_import_views_images_fit_wide_renders(bpy, scene, views_json):
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    bpy.ops.zero123.import_result(filepath=str(views_json))
    (_, camera), pose = _views(bpy)[1], POSES[1]
    seen, expected = _project(bpy, camera, POINTS), _expected(pose, POINTS)
    np.testing.assert_allclose(seen[:, 1], expected[:, 1], atol=1e-5)


def test_import_views_mesh_planes_are_unlit(bpy, scene, views_json):
    bpy.ops.zero123.import_result(filepath=str(views_json), planes='MESH')
    plane, _ = _views(bpy)[0]
    tree = plane.active_material.node_tree
    links = {(link.from_socket.name, link.to_socket.name): link for link in tree.links}
    image = links["Color", "Emission Color"].from_node.image
    assert ("Alpha", "Alpha") in links
    assert Path(bpy.path.abspath(image.filepath)).parent == views_json.parent
    assert image.colorspace_settings.name == "sRGB"
    uv = np.empty(8, np.float32)
    plane.data.uv_layers.active.data.foreach_get("uv", uv)
    positions = [plane.data.vertices[corner.vertex_index].co for corner in plane.data.loops]
    sides = [(position.x > 0, position.y > 0) for position in positions]
    assert sides == [(u > 0.5, v > 0.5) for u, v in uv.reshape(4, 2)]


def test_import_views_writes_records(bpy, scene, views_json, picture):
    bpy.ops.zero123.import_result(filepath=str(views_json))
    collection = bpy.data.collections["Zero123 ball"]
    assert len(collection.objects) == 2 * (len(POSES) + 1)  # the input image, too
    for item in collection.objects:
        record = json.loads(item["zero123"])
        assert (record["kind"], record["model"], record["seed"]) == ("views", "nano", 7)
        assert record["files"][0] == str(views_json)
    record = json.loads(_views(bpy)[1][0]["zero123"])
    assert record["view"]["azimuth_deg"] == POSES[1][0]
    assert record["files"][1].endswith("view_001.png")


def test_import_views_selects_new_objects(bpy, scene, views_json):
    scene.collection.objects.link(mine := bpy.data.objects.new("Mine", None))
    mine.select_set(True)
    bpy.ops.zero123.import_result(filepath=str(views_json))
    collection = bpy.data.collections["Zero123 ball"]
    assert set(bpy.context.selected_objects) == set(collection.objects)
    assert bpy.context.view_layer.objects.active == _views(bpy)[0][0]


def test_import_views_adds_the_input_image(bpy, scene, views_json, picture):
    bpy.ops.zero123.import_result(filepath=str(views_json))
    plane = bpy.data.objects["Input"]
    assert plane.data.size[:] == (64, 64)
    np.testing.assert_allclose(plane.parent.matrix_world, in_scene(0, 10, 1.85), atol=1e-6)


def test_import_views_input_camera_sees_the_front(bpy, scene, views_json, picture):
    """It stands at -Y, where Blender's front view is."""
    bpy.ops.zero123.import_result(filepath=str(views_json))
    bpy.context.view_layer.update()
    x, y, _ = bpy.data.objects["Input"].parent.matrix_world.translation
    assert x == pytest.approx(0, abs=1e-6)
    assert y < -1.8


def test_import_views_keeps_results_apart(bpy, scene, views_json):
    bpy.ops.zero123.import_result(filepath=str(views_json))
    bpy.ops.zero123.import_result(filepath=str(views_json))
    sizes = [len(collection.objects) for collection in scene.collection.children]
    assert sizes == [8, 8]


def test_import_views_is_one_undo_step(bpy, scene, views_json):
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.zero123.import_result('EXEC_DEFAULT', True, filepath=str(views_json))
    assert len(bpy.data.objects) == 8
    bpy.ops.ed.undo()
    assert len(bpy.data.objects) == 0
    assert "Zero123 ball" not in bpy.data.collections
    bpy.ops.ed.redo()
    assert len(bpy.data.objects) == 8


@pytest.mark.parametrize("planes", ['EMPTY', 'MESH'])
def test_contact_sheet_shows_every_view_once(bpy, scene, tmp_path, picture, planes):
    """The cells do not overlap and are beside the cameras, which do not move."""
    path = write_views(tmp_path / "job", picture, ring(5), samples=2)
    bpy.ops.zero123.import_result(filepath=str(path), planes=planes, arrangement='SHEET')
    bpy.context.view_layer.update()
    shown = [item for item in bpy.data.collections["Zero123 ball"].objects
             if item.type != 'CAMERA' and not item.hide_viewport]
    assert [item.name[:8] for item in shown[:5]] == [f"View {i:03d}" for i in range(0, 10, 2)]
    assert len(shown) == 6
    centers = np.array([item.matrix_world.translation for item in shown])
    distances = np.abs(centers[:, None] - centers[None]).max(axis=-1)
    assert distances[~np.eye(6, dtype=bool)].min() > 1
    assert centers[:, 0].min() - 0.5 > 1.85
    for item in shown:
        assert item.parent is None
        side = item.empty_display_size if planes == 'EMPTY' else item.data.vertices[1].co.x * 2
        assert side * item.matrix_world.median_scale == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(item.matrix_world.col[2].normalized()[:3], (0, -1, 0),
                                   atol=1e-6)
    # In reading order: the input, then the views in their order.
    order = sorted(shown, key=lambda item: (-item.location.z, item.location.x))
    assert [item.name.split(" (")[0] for item in order] == [
        "Input", *(f"View {i:03d}" for i in range(0, 10, 2))]
    camera = next(item for item in bpy.data.objects if item.type == 'CAMERA'
                  and item.name.startswith("View 002"))
    np.testing.assert_allclose(
        camera.matrix_world, in_scene(*ring(5)[1]), atol=1e-6)


def test_import_views_sets_camera_backgrounds(bpy, scene, views_json):
    bpy.ops.zero123.import_result(filepath=str(views_json), backgrounds=True)
    for plane, camera in [*_views(bpy), (bpy.data.objects["Input"],
                                         bpy.data.objects["Input"].parent)]:
        background, = camera.data.background_images
        assert camera.data.show_background_images
        assert background.image == plane.data
        assert (background.display_depth, background.frame_method) == ('BACK', 'FIT')


def test_import_views_has_no_backgrounds_by_default(bpy, scene, views_json):
    bpy.ops.zero123.import_result(filepath=str(views_json))
    assert not any(camera.data.background_images for _, camera in _views(bpy))


def _damage_picture(path):
    (path.parent / "view_002.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")


def _remove_picture(path):
    (path.parent / "view_001.png").unlink()


def _truncate_json(path):
    path.write_text(path.read_text()[:100])


def _edit_json(**changes):
    def edit(path):
        document = json.loads(path.read_text())
        document["views"][2].update(changes)
        path.write_text(json.dumps(document))
    return edit


@pytest.mark.parametrize("damage", [
    _damage_picture, _remove_picture, _truncate_json, _edit_json(file="../../ball.png"),
    _edit_json(camera_to_world=[[1, 0], [0, 1]]), _edit_json(fov_deg=0), _edit_json(radius="far")])
def test_import_views_failure_changes_nothing(bpy, scene, views_json, contents, damage):
    scene.collection.objects.link(mine := bpy.data.objects.new("Mine", None))
    mine.select_set(True)
    bpy.context.view_layer.objects.active = mine
    before = contents()
    damage(views_json)
    with pytest.raises(RuntimeError, match=r"^Error: can't read the (views|image)"):
        bpy.ops.zero123.import_result(filepath=str(views_json))
    assert contents() == before
