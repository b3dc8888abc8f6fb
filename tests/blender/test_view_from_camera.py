# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of the scene becomes a view of the object, at that camera."""

from __future__ import annotations

import numpy as np
import pytest
from results import in_scene, record, ring, write_views

from engine import camera as conventions


@pytest.fixture
def result(bpy, scene, picture, tmp_path, tiny_model):
    """Three imported views at twice the size, around the cursor."""
    path = write_views(tmp_path / "job", picture, ring(3), model=str(tiny_model), steps=1)
    scene.cursor.location = (1, 2, 3)
    bpy.ops.zero123.import_result(filepath=str(path), size=2.0, location='CURSOR')
    scene.cursor.location = (0, 0, 0)
    return bpy.data.collections["Zero123 ball"]


def _camera(bpy, scene, matrix, **data):
    """A new camera of the scene, which is active and the only selected object."""
    from mathutils import Matrix
    bpy.ops.object.select_all(action='DESELECT')
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    camera.data.sensor_width, camera.data.lens = 32, 35
    for name, value in data.items():
        setattr(camera.data, name, value)
    scene.collection.objects.link(camera)
    camera.matrix_world = Matrix(np.array(matrix).tolist())
    bpy.context.view_layer.objects.active = camera
    bpy.context.view_layer.update()
    return camera


def _new_camera(bpy, before):
    new = [item for item in bpy.data.objects if item.name not in before and item.type == 'CAMERA']
    bpy.context.view_layer.update()
    found, = new
    return found


def _same_place(first, second):
    """Whether two cameras see the same; the scale of their axes does not matter."""
    first, second = first.matrix_world, second.matrix_world
    np.testing.assert_allclose(first.translation, second.translation, atol=1e-4)
    np.testing.assert_allclose(first.to_quaternion().to_matrix(),
                               second.to_quaternion().to_matrix(), atol=1e-4)


POSES = [(0.0, 0.0, 1.85), (37.0, 20.0, 1.6), (-150.0, -35.0, 2.1), (90.0, 85.0, 1.85)]


@pytest.mark.needs_engine
def test_view_from_camera_stands_at_the_camera(bpy, scene, result):
    """The result is scaled and moved by its import and then turned by hand, and one of its cameras
    was displaced.
    """
    from mathutils import Euler, Matrix
    turn = Matrix.Translation((0, -4, 1)) @ Euler((0.3, 0.2, 2.0)).to_matrix().to_4x4()
    for item in result.objects:
        if item.parent is None:
            item.matrix_world = turn @ item.matrix_world
    next(item for item in result.objects if item.name.startswith("View 000")
         and item.type == 'CAMERA').location.x += 1
    frame = np.array(turn @ Matrix.Translation((1, 2, 3)) @ Matrix.Scale(2, 4))
    for pose in POSES:
        camera = _camera(bpy, scene, frame @ in_scene(*pose))
        before = set(bpy.data.objects.keys())
        assert bpy.ops.zero123.view_from_camera() == {'FINISHED'}
        made = _new_camera(bpy, before)
        _same_place(made, camera)
        assert made.name in result.objects
        view = record(made)["view"]
        seen = view["azimuth_deg"], view["elevation_deg"], view["radius"]
        np.testing.assert_allclose(seen, pose, atol=1e-3)
        assert np.degrees(made.data.angle) == pytest.approx(conventions.FOV_DEG, abs=1e-3)
        bpy.data.objects.remove(camera)
    assert [item.name for item in bpy.data.objects if item.name.startswith("Input")
            and item.type != 'CAMERA'] == ["Input"]


@pytest.mark.needs_engine
def test_view_from_camera_uses_the_result_s_settings(bpy, scene, result, picture, tiny_model):
    _camera(bpy, scene, np.array([[0, 0, 1, 4.7], [1, 0, 0, 2], [0, 1, 0, 3], [0, 0, 0, 1]]))
    before = set(bpy.data.objects.keys())
    bpy.ops.zero123.view_from_camera(seed=3)
    request = record(_new_camera(bpy, before))["request"]
    assert (request["image"], request["model"], request["steps"], request["input_elevation"],
            request["seed"]) == (str(picture), str(tiny_model), 1, 10.0, 3)
    assert request["radius"] == pytest.approx([1.85], abs=1e-5)
    # The original image is gone, but the network's input image is still in the scene.
    picture.unlink()
    plane = bpy.data.objects["Input"]
    result.objects.unlink(plane)
    with pytest.raises(RuntimeError, match="the image that Zero123 ball was made from is missing"):
        bpy.ops.zero123.view_from_camera(camera="Mine")
    result.objects.link(plane)
    before = set(bpy.data.objects.keys())
    bpy.ops.zero123.view_from_camera(camera="Mine", around="Input")
    assert _new_camera(bpy, before).name in result.objects


@pytest.mark.needs_engine
def test_view_from_camera_looks_at_the_origin(bpy, scene, picture, tiny_model):
    camera = _camera(bpy, scene, in_scene(60.0, 30.0, 2.0))
    scene.camera = camera
    bpy.context.view_layer.objects.active = None
    scene.cursor.location = (5, 5, 5)
    bpy.ops.zero123.view_from_camera(filepath=str(picture), model=str(tiny_model), steps=1)
    made = next(item for item in bpy.data.collections["Zero123 ball"].objects
                if item.type == 'CAMERA' and item.name.startswith("View"))
    bpy.context.view_layer.update()
    _same_place(made, camera)
    scene.cursor.location = (0, 0, 0)


@pytest.mark.needs_engine
def test_view_from_camera_uses_a_distant_direction(bpy, scene, picture, tiny_model):
    _camera(bpy, scene, in_scene(60.0, 30.0, 30.0))
    values = {"filepath": str(picture), "model": str(tiny_model), "steps": 1}
    with pytest.raises(RuntimeError, match=r"30\.00 times .* switch Keep Distance off"):
        bpy.ops.zero123.view_from_camera(**values)
    bpy.ops.zero123.view_from_camera(**values, keep_distance=False, input_radius=2.0)
    made = next(item for item in bpy.data.collections["Zero123 ball"].objects
                if item.type == 'CAMERA' and item.name.startswith("View"))
    bpy.context.view_layer.update()
    np.testing.assert_allclose(
        made.matrix_world, in_scene(60.0, 30.0, 2.0), atol=1e-5)


def test_find_result_prefers_named_over_selected(bpy, scene, result, extension, tmp_path, picture):
    """The named result comes before the selected one, and then the newest; with an image in the
    tab, only its results count.
    """
    find = extension("operators.camera_view").find_result
    cup = picture.with_name("cup.png")
    cup.write_bytes(picture.read_bytes())
    bpy.ops.zero123.import_result(filepath=str(write_views(tmp_path / "cup", cup, ring(3))))
    newer = bpy.data.collections["Zero123 cup"]
    camera = _camera(bpy, scene, np.eye(4))
    context, images = bpy.context, bpy.data.images
    assert find(context, camera)[0] == newer
    assert find(context, camera, image=images["ball.png"])[0] == result
    assert find(context, camera, image=images["cup.png"])[0] == newer
    assert find(context, camera, image=images.new("other", 8, 8)) is None
    assert find(context, camera, newest=False) is None
    result.objects[0].select_set(True)
    assert find(context, camera)[0] == result
    assert find(context, camera, around=newer.objects[0].name)[0] == newer
    result.objects[0].select_set(False)
    bpy.data.batch_remove([*newer.objects])
    assert find(context, camera)[0] == result, "an empty collection is no result"


def test_view_from_camera_refuses_impossible_views(bpy, scene, result, contents):
    placed = np.array([[0, 0, 1, 1], [1, 0, 0, 2], [0, 1, 0, 3], [0, 0, 0, 1]], float)
    away = placed.copy()
    away[0] = (0, 0, -1, 4.7)
    away[2, 1] = -1
    center = placed.copy()
    placed[0, 3] = 4.7
    scene.camera = None
    for matrix, data, text in [
            (away, {}, "points away from the object, by 180 degrees; turn it"),
            (center, {}, "is at the object's centre; move it"),
            (placed, {"type": 'ORTHO'}, "is not a perspective camera")]:
        camera = _camera(bpy, scene, matrix, **data)
        before = contents()
        with pytest.raises(RuntimeError, match=text):
            bpy.ops.zero123.view_from_camera()
        assert contents() == before
        bpy.data.objects.remove(camera)
    _camera(bpy, scene, placed)
    with pytest.raises(RuntimeError, match="there is no camera named 'None'; select"):
        bpy.ops.zero123.view_from_camera(camera="None")
    with pytest.raises(RuntimeError, match="'Mine' was not made by Zero123"):
        bpy.ops.zero123.view_from_camera(around="Mine")


def test_result_frame_follows_a_lone_mesh(bpy, scene, extension):
    """A mesh that was moved by hand determines the frame of its own result only."""
    from mathutils import Matrix
    frames, placement = extension("operators.scene.frames"), extension(
        "operators.scene.placement")
    record_class = extension("operators.scene").Record
    collection = bpy.data.collections.new("Zero123 mesh")
    scene.collection.children.link(collection)
    mesh = bpy.data.objects.new("mesh", bpy.data.meshes.new("mesh"))
    camera = bpy.data.objects.new("Input Camera", bpy.data.cameras.new("Input"))
    for item, rec in ((mesh, record_class(kind="reconstruct")),
                      (camera, record_class(kind="views", view={
                          "azimuth_deg": 0.0, "elevation_deg": 10.0, "radius": 1.85}))):
        collection.objects.link(item)
        rec.write(item)
    placed = Matrix.Translation((0, 0, 2)) @ Matrix.Scale(0.5, 4)
    collection[placement.KEY] = [value for row in placed for value in row]
    camera.matrix_world = placed @ Matrix(conventions.camera_to_world(0, 10, 1.85).tolist())
    mesh.matrix_world = Matrix.Translation((7, 0, 0)) @ placed
    bpy.context.view_layer.update()
    np.testing.assert_allclose(frames.result_frame(collection), placed, atol=1e-6)
    # The mesh is turned to Blender's front, the engine's world is not.
    of_mesh = mesh.matrix_world @ placement.TURN
    np.testing.assert_allclose(frames.result_frame(collection, chosen=mesh), of_mesh)
    np.testing.assert_allclose(frames.result_frame(collection, but=camera), of_mesh)
    assert frames.result_collection(mesh) == collection
