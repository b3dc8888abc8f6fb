# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regenerated and reimported results have the options and the place of the first one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from results import record, ring, write_views

OPTIONS = {"planes": 'MESH', "arrangement": 'SHEET', "backgrounds": True, "size": 2.0,
           "location": 'CURSOR'}


@pytest.fixture(scope="module", autouse=True)
def clear_selection(extension):
    yield
    extension("operators.session").session.view_selection.clear()


@pytest.fixture
def result(tmp_path, picture, tiny_model):
    return write_views(tmp_path / "job", picture, ring(3), model=str(tiny_model), steps=1)


@pytest.fixture
def moved(bpy, scene, result):
    """A result that was imported with several options and moved by hand."""
    from mathutils import Euler, Matrix
    scene.cursor.location = (1, 2, 3)
    bpy.ops.zero123.import_result(filepath=str(result), **OPTIONS)
    scene.cursor.location = (0, 0, 0)
    collection = bpy.data.collections["Zero123 ball"]
    turn = Matrix.Translation((4, 0, 0)) @ Euler((0, 0, 1)).to_matrix().to_4x4()
    for item in collection.objects:
        item.matrix_world = turn @ item.matrix_world
    bpy.context.view_layer.update()
    return collection


def _described(collection):
    """The content of a collection, without the numbers that make names unique."""
    return {item.name.partition(")")[0].partition(".")[0]:
            (item.type, np.array(item.matrix_world), item.parent is None,
             len(item.data.background_images) if item.type == 'CAMERA' else -1)
            for item in collection.objects if item.type in ('CAMERA', 'MESH')}


def _same(first, second):
    assert first.keys() == second.keys()
    for name, (kind, matrix, alone, backgrounds) in first.items():
        assert (kind, alone, backgrounds) == (second[name][0], *second[name][2:])
        np.testing.assert_allclose(matrix, second[name][1], atol=1e-4)


def test_import_again_uses_the_same_options(bpy, scene, moved):
    bpy.ops.zero123.import_again()
    bpy.context.view_layer.update()
    again = bpy.data.collections["Zero123 ball.001"]
    assert len(again.objects) == 8
    _same(_described(moved), _described(again))
    assert record(again.objects[0])["options"]["arrangement"] == 'SHEET'


def test_import_again_shows_the_selected_views(bpy, scene, extension, result, tmp_path, picture):
    other = write_views(tmp_path / "other", picture, [ring(3)[1]], samples=2)
    bpy.ops.zero123.import_result(filepath=str(result))
    selection = extension("operators.session").session.view_selection
    selection.add(1, other)
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    selection.clear()
    bpy.ops.zero123.import_result(filepath=str(result))
    plane = bpy.data.objects["View 001 (120°, 10°)"]
    assert Path(record(plane)["files"][1]) == other.with_name("view_000.png")
    assert selection.path == result


@pytest.mark.needs_engine
def test_regenerate_uses_the_same_options(bpy, scene, extension, moved, picture):
    """The network's input image is used if the original image is gone."""
    picture.unlink()
    with pytest.raises(RuntimeError, match="the image that Zero123 ball was made from is missing"):
        plane = bpy.data.objects["Input"]
        moved.objects.unlink(plane)
        bpy.ops.zero123.regenerate()
    moved.objects.link(plane)
    bpy.ops.zero123.regenerate()
    bpy.context.view_layer.update()
    _same(_described(moved), _described(bpy.data.collections["Zero123 ball.001"]))
    job = list(extension("operators.session").session.runner.jobs)[-1]
    bpy.ops.zero123.import_result(job=job.id)
    bpy.context.view_layer.update()
    _same(_described(moved), _described(bpy.data.collections["Zero123 ball.002"]))
    bpy.ops.zero123.import_result(job=job.id, planes='EMPTY')
    empties = [item for item in bpy.data.collections["Zero123 ball.003"].objects
               if item.type == 'EMPTY']
    assert len(empties) == 4


@pytest.mark.needs_engine
def test_regenerate_works_for_every_kind(bpy, scene, extension, result, tiny_model):
    """A view from a camera, a regenerated view, and a turntable."""
    bpy.ops.zero123.import_result(filepath=str(result))
    collection = bpy.data.collections["Zero123 ball"]
    camera = next(item for item in collection.objects if item.name.startswith("View 002")
                  and item.type == 'CAMERA')
    bpy.ops.zero123.view_from_camera(camera=camera.name)
    single = bpy.context.view_layer.objects.active
    bpy.ops.zero123.regenerate_view(view=0, seed=3)
    mended = next(item for item in collection.objects if item.name.startswith("View 000")
                  and item.type != 'CAMERA')
    bpy.ops.zero123.turntable(filepath=str(result))
    turning = bpy.context.view_layer.objects.active
    for item, poses in ((single, [-120]), (mended, [0]), (turning, [0, 120, 240])):
        bpy.context.view_layer.objects.active = item
        bpy.ops.zero123.regenerate(new_seed=True)
        job = list(extension("operators.session").session.runner.jobs)[-1]
        assert job.state.value == "Done"
        assert job.request.azimuth == pytest.approx(poses, abs=1e-3)
        assert job.request.model == str(tiny_model)
        assert record(bpy.context.view_layer.objects.active)["seed"] == job.request.seed > 7


def test_import_again_uses_the_mesh_s_place(bpy, scene, extension, tmp_path):
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    vertices = np.array([[0.5, 0, 0], [-0.25, 0.4, 0], [-0.25, -0.4, 0], [0, 0, 0.8]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    (tmp_path / "taxi").mkdir()
    path = textured.TexturedMesh(
        vertices=vertices, faces=faces, uv=np.full((4, 2), 0.5), uv_faces=faces,
        texture=np.zeros((8, 8, 3), np.float32)).save_glb(tmp_path / "taxi" / "mesh.glb")
    bpy.ops.zero123.import_result(filepath=str(path), size=0.4, on_ground=True,
                                  remesh='DECIMATE', remesh_faces=50)
    first, = bpy.data.collections["Zero123 taxi"].objects
    first.location.x += 3
    bpy.context.view_layer.update()
    bpy.ops.zero123.import_again()
    second, = bpy.data.collections["Zero123 taxi.001"].objects
    bpy.context.view_layer.update()
    np.testing.assert_allclose(first.matrix_world, second.matrix_world, atol=1e-5)
    assert record(second)["options"]["remesh"] == 'DECIMATE'


def test_import_again_refuses_other_objects(bpy, scene):
    with pytest.raises(RuntimeError, match="Select a plane, camera or mesh"):
        bpy.ops.zero123.import_again()
