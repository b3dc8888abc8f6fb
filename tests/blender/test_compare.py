# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input image is shown over the mesh from the input camera, and nothing remains afterwards."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from results import ring, write_views

INPUT = (0.0, 10.0, 1.85)
SIZE = 96


@pytest.fixture
def mesh_glb(tmp_path):
    """An asymmetric solid, with the input camera's image of it."""
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    import trimesh

    from engine.mesh.rendering import of_mesh
    solid = trimesh.util.concatenate([
        trimesh.creation.box((0.3, 0.9, 0.3)),
        trimesh.creation.box((0.3, 0.3, 0.5), trimesh.transformations.translation_matrix(
            (0.1, 0.3, 0.25)))])
    count = len(solid.vertices)
    uv = np.full((count, 2), 0.5)
    mesh = textured.TexturedMesh(
        vertices=np.asarray(solid.vertices), faces=np.asarray(solid.faces), uv=uv,
        uv_faces=np.asarray(solid.faces), texture=np.full((8, 8, 3), 0.5, np.float32))
    folder = tmp_path / "solid"
    (folder / "views").mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps({"model": "nano", "seed": 0}))
    picture = of_mesh(mesh).render(*INPUT, SIZE)
    Image.fromarray(picture).save(folder / "views" / "input.png")
    (folder / "request.json").write_text(json.dumps({
        "schema": "zero123.request/1", "kind": "reconstruct",
        "request": {"image": str(folder / "solid.png"), "input_elevation": INPUT[1]}}))
    return mesh.save_glb(folder / "mesh.glb")


def _silhouette(bpy, scene):
    """The silhouette in a render through the scene's camera, height x width bool, first row on
    top.
    """
    render = scene.render
    render.engine, render.film_transparent, scene.cycles.samples = 'CYCLES', True, 4
    bpy.ops.render.render()
    result = next(image for image in bpy.data.images if image.type == 'RENDER_RESULT')
    with tempfile.TemporaryDirectory() as folder:
        render.image_settings.file_format = 'PNG'
        render.image_settings.color_mode = 'RGBA'
        result.save_render(str(Path(folder) / "render.png"), scene=scene)
        with Image.open(Path(folder) / "render.png") as image:
            return np.asarray(image)[..., 3] > 127


def _overlap(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize(("width", "height"), [(SIZE, SIZE), (2 * SIZE, SIZE), (SIZE, 2 * SIZE)])
def test_compare_covers_the_mesh_with_the_image(bpy, scene, mesh_glb, width, height):
    """It also does if the result was scaled and moved by hand, for every aspect ratio of the
    render.
    """
    bpy.ops.zero123.import_result(filepath=str(mesh_glb), size=3.0, on_ground=True)
    mesh, = bpy.data.collections["Zero123 solid"].objects
    mesh.location.x += 5
    mesh.rotation_mode = 'XYZ'
    mesh.rotation_euler.z = 1.0
    scene.render.resolution_x, scene.render.resolution_y = width, height
    bpy.ops.zero123.compare()
    background, = scene.camera.data.background_images
    with Image.open(mesh_glb.parent / "views" / "input.png") as image:
        seen = np.asarray(image)[..., 3] > 127
    rendered = _silhouette(bpy, scene)
    left, top = (width - SIZE) // 2, (height - SIZE) // 2
    # Blender draws an image with the method FIT as large as possible in the middle.
    assert background.frame_method == 'FIT'
    assert _overlap(rendered[top:top + SIZE, left:left + SIZE], seen) > 0.93
    assert not rendered[:top].any()
    assert not rendered[:, :left].any()
    bpy.ops.zero123.compare()


def _screen(bpy):
    area = next(area for area in bpy.context.window.screen.areas if area.type == 'VIEW_3D')
    return area.spaces.active


def _look(space):
    region, shading = space.region_3d, space.shading
    return (region.view_perspective, region.view_distance, [*region.view_location],
            [*region.view_rotation], shading.type, shading.light, shading.color_type,
            space.overlay.show_overlays, space.use_local_camera)


@pytest.fixture
def whole(bpy, scene, mesh_glb, picture):
    """Views and mesh of an image, a camera of the user, and a substitute for a 3D View."""
    views = write_views(mesh_glb.parent.parent / "job", mesh_glb.parent / "solid.png", ring(3))
    (views.parent / "input.png").write_bytes((mesh_glb.parent / "views/input.png").read_bytes())
    bpy.ops.zero123.import_result(filepath=str(views))
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    scene.camera = camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    scene.collection.objects.link(camera)
    space = _screen(bpy)
    space.shading.type, space.shading.light, space.shading.color_type = 'SOLID', 'MATCAP', 'RANDOM'
    space.region_3d.view_perspective = 'ORTHO'
    space.region_3d.view_location = (1, 2, 3)
    space.overlay.show_overlays = False
    bpy.data.objects["View 001 (120°, 10°)"].hide_set(True)
    bpy.context.view_layer.update()
    return bpy.data.collections["Zero123 solid"]


def test_compare_restores_everything_at_the_end(bpy, scene, whole, contents):
    space = _screen(bpy)
    before, look = contents(), _look(space)
    cameras = {item.name: (np.array(item.matrix_world), item.data.sensor_fit,
                           len(item.data.background_images))
               for item in bpy.data.objects if item.type == 'CAMERA'}
    visible = {item.name for item in bpy.data.objects if item.visible_get()}
    bpy.ops.zero123.compare()
    assert scene.camera.name == "Zero123 Compare"
    background, = scene.camera.data.background_images
    assert (background.image, background.alpha, background.display_depth) == (
        bpy.data.objects["Input"].data, 0.5, 'FRONT')
    assert scene.camera.data.show_background_images
    assert (space.region_3d.view_perspective, space.shading.color_type) == ('CAMERA', 'TEXTURE')
    assert not any(item.visible_get() for item in whole.objects if item.type == 'EMPTY')
    assert whole.objects["solid"].visible_get()
    assert bpy.ops.zero123.compare(mode='ON') == {'CANCELLED'}
    bpy.ops.zero123.compare(mode='OFF')
    assert bpy.ops.zero123.compare(mode='OFF') == {'CANCELLED'}
    assert (contents(), _look(space), scene.camera.name) == (before, look, "Mine")
    assert {item.name for item in bpy.data.objects if item.visible_get()} == visible
    for name, (matrix, fit, count) in cameras.items():
        item = bpy.data.objects[name]
        np.testing.assert_array_equal(item.matrix_world, matrix)
        assert (item.data.sensor_fit, len(item.data.background_images)) == (fit, count)


def test_compare_restores_the_view_after_an_undo(bpy, scene, whole):
    space = _screen(bpy)
    look = _look(space)
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.zero123.compare('EXEC_DEFAULT', True)
    bpy.ops.ed.undo()
    assert "Zero123 Compare" not in bpy.data.objects
    assert bpy.context.scene.camera.name == "Mine"
    bpy.ops.zero123.compare()
    bpy.ops.zero123.compare()
    assert _look(_screen(bpy)) == look


def test_compare_survives_saving_and_loading(bpy, scene, whole, tmp_path):
    look = _look(_screen(bpy))
    bpy.ops.zero123.compare()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "on.blend"), check_existing=False)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "on.blend"), load_ui=True)
    bpy.ops.zero123.compare(mode='OFF')
    assert bpy.context.scene.camera.name == "Mine"
    assert _look(_screen(bpy)) == look


def test_compare_without_an_image_changes_nothing(bpy, scene, mesh_glb, contents):
    with pytest.raises(RuntimeError, match="contains no mesh of Zero123 to compare"):
        bpy.ops.zero123.compare()
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    (mesh_glb.parent / "views" / "input.png").unlink()
    before, look = contents(), _look(_screen(bpy))
    with pytest.raises(RuntimeError, match="the input image of solid is missing"):
        bpy.ops.zero123.compare()
    assert (contents(), _look(_screen(bpy))) == (before, look)
    (mesh_glb.parent / "views" / "input.png").write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match="can't read the image"):
        bpy.ops.zero123.compare()
    assert (contents(), _look(_screen(bpy))) == (before, look)
