# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reconstructed mesh in the scene: upright, watertight, textured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

REPORT = {"schema": "zero123.mesh/2", "front": "+Z", "method": "views", "model": "nano", "seed": 3}


@pytest.fixture
def mesh_glb(tmp_path):
    """A tetrahedron whose apex points up, written as the engine writes its meshes."""
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    vertices = np.array([[0.5, 0, 0], [-0.25, 0.4, 0], [-0.25, -0.4, 0], [0, 0, 0.8]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    # Every face has its own place in the texture, so that every edge is a seam.
    uv = np.array([[0.1, 0.1], [0.4, 0.1], [0.1, 0.4]])
    offsets = np.array([[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])
    uv = (offsets[:, None] + uv).reshape(-1, 2)
    texture = np.random.default_rng(0).random((32, 32, 3), np.float32)
    folder = tmp_path / "taxi"
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(REPORT))
    return textured.TexturedMesh(
        vertices=vertices, faces=faces, uv=uv, uv_faces=np.arange(12).reshape(4, 3),
        texture=texture).save_glb(folder / "mesh.glb")


def _imported(bpy, path):
    bpy.ops.zero123.import_result(filepath=str(path))
    collection = bpy.data.collections["Zero123 taxi"]
    item, = collection.objects
    return item


def test_import_mesh_stands_it_upright(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    apex = max((item.matrix_world @ vertex.co for vertex in item.data.vertices), key=lambda p: p.z)
    np.testing.assert_allclose(apex, (0, 0, 0.8), atol=1e-6)
    assert not scene.collection.objects  # the collection into which the importer puts objects
    assert {other.name for other in bpy.data.objects} == {item.name}


def test_import_mesh_faces_its_front_to_minus_y(bpy, scene, mesh_glb):
    """The corner that is nearest to the input camera, at the engine's +X, is at -Y."""
    item = _imported(bpy, mesh_glb)
    front = min((item.matrix_world @ vertex.co for vertex in item.data.vertices),
                key=lambda p: p.y)
    np.testing.assert_allclose(front, (0, -0.5, 0), atol=1e-6)


def test_import_mesh_joins_vertices_at_seams(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    assert (len(item.data.vertices), len(item.data.polygons)) == (4, 4)
    assert item.data.uv_layers.active is not None
    uv = np.empty(2 * len(item.data.loops), np.float32)
    item.data.uv_layers.active.data.foreach_get("uv", uv)
    assert len(np.unique(uv.reshape(-1, 2).round(4), axis=0)) == 12


def test_import_mesh_has_its_texture(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    tree = item.active_material.node_tree
    shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
    image = shader.inputs["Base Color"].links[0].from_node.image
    assert Path(bpy.path.abspath(image.filepath)).is_file()
    assert image.size[:] == (32, 32)
    assert shader.inputs["Metallic"].default_value == 0.0
    assert all(polygon.use_smooth for polygon in item.data.polygons)


def test_import_mesh_writes_a_record(bpy, scene, mesh_glb):
    record = json.loads(_imported(bpy, mesh_glb)["zero123"])
    assert (record["kind"], record["model"], record["seed"]) == ("reconstruct", "nano", 3)
    assert record["files"] == [str(mesh_glb)]


def test_import_mesh_applies_node_transforms(bpy, scene, mesh_glb):
    def move(document):
        document["nodes"][0]["translation"] = [0, 1, 0]
    _change(mesh_glb, move)
    item = _imported(bpy, mesh_glb)
    bpy.context.view_layer.update()
    assert max(_bounds(item)[1]) == pytest.approx(1.8)


def _change(path, change):
    """Rewrite a GLB file with a changed document."""
    content = path.read_bytes()
    size = int.from_bytes(content[12:16], "little")
    document = json.loads(content[20:20 + size])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = len(content) - size + len(text)
    path.write_bytes(content[:8] + total.to_bytes(4, "little") + len(text).to_bytes(4, "little")
                     + content[16:20] + text + content[20 + size:])


def test_import_mesh_drops_degenerate_faces(bpy, scene, mesh_glb):
    content = bytearray(mesh_glb.read_bytes())
    size = int.from_bytes(content[12:16], "little")
    document = json.loads(content[20:20 + size])
    indices = document["meshes"][0]["primitives"][0]["indices"]
    view = document["bufferViews"][document["accessors"][indices]["bufferView"]]
    first = 20 + size + 8 + view["byteOffset"]
    content[first + 4:first + 8] = content[first:first + 4]
    mesh_glb.write_bytes(content)
    item = _imported(bpy, mesh_glb)
    assert len(item.data.polygons) == 3
    assert not item.data.validate()


def _bounds(item):
    corners = np.array([item.matrix_world @ vertex.co for vertex in item.data.vertices])
    return corners.min(axis=0), corners.max(axis=0)


def test_import_mesh_applies_size_and_location(bpy, scene, mesh_glb):
    scene.cursor.location = (1, 2, 3)
    bpy.ops.zero123.import_result(filepath=str(mesh_glb), location='CURSOR', size=0.4,
                                  on_ground=True)
    item, = bpy.data.collections["Zero123 taxi"].objects
    bpy.context.view_layer.update()
    low, high = _bounds(item)
    assert (high - low).max() == pytest.approx(0.4)
    assert low[2] == pytest.approx(3)
    # The tetrahedron is 0.75 x 0.8 x 0.8; its origin is now above the cursor.
    np.testing.assert_allclose((low + high)[:2] / 2, (1, 2 - 0.0625), atol=1e-5)


def test_import_mesh_moves_its_views_along(bpy, scene, mesh_glb):
    views = mesh_glb.parent / "views.json"
    _write_views(views)
    bpy.ops.zero123.import_result(filepath=str(views), size=2.0)
    collection = bpy.data.collections["Zero123 taxi"]
    camera = next(item for item in collection.objects if item.type == 'CAMERA')
    bpy.context.view_layer.update()
    np.testing.assert_allclose(camera.matrix_world.translation, (0, -3.7, 0), atol=1e-5)
    bpy.ops.zero123.import_result(filepath=str(mesh_glb), size=0.4, on_ground=True)
    bpy.context.view_layer.update()
    # Half the size: the camera sees the mesh as before.
    np.testing.assert_allclose(camera.matrix_world.translation, (0, -0.925, 0), atol=1e-5)


def _write_views(path):
    from PIL import Image
    Image.new("RGBA", (8, 8), "red").save(path.parent / "view_000.png")
    view = {"file": "view_000.png", "azimuth_deg": 0.0, "elevation_deg": 0.0, "radius": 1.85,
            "fov_deg": 49.13, "camera_to_world": [[0, 0, 1, 1.85], [1, 0, 0, 0], [0, 1, 0, 0],
                                                  [0, 0, 0, 1]]}
    path.write_text(json.dumps({"schema": "zero123.views/1", "views": [view]}))


@pytest.fixture
def ball_glb(tmp_path):
    """A ball with a red upper and a blue lower half."""
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    import trimesh
    ball = trimesh.creation.icosphere(4, 0.5)
    uv = np.stack([np.full(len(ball.vertices), 0.5), ball.vertices[:, 2] + 0.5], 1)
    texture = np.zeros((32, 32, 3), np.float32)
    texture[:16, :, 0] = texture[16:, :, 2] = 1
    folder = tmp_path / "ball"
    folder.mkdir()
    return textured.TexturedMesh(
        vertices=np.asarray(ball.vertices), faces=np.asarray(ball.faces), uv=uv.clip(0.01, 0.99),
        uv_faces=np.asarray(ball.faces), texture=texture).save_glb(folder / "mesh.glb")


@pytest.mark.parametrize(("method", "sides"), [('DECIMATE', 3), ('VOXEL', 4), ('QUADRIFLOW', 4)])
def test_remesh_keeps_the_colours(bpy, scene, ball_glb, method, sides):
    bpy.ops.zero123.import_result(filepath=str(ball_glb), remesh=method, remesh_faces=600)
    item, = bpy.data.collections["Zero123 ball"].objects
    mesh = item.data
    assert 300 < len(mesh.polygons) < 1000
    assert {len(polygon.vertices) for polygon in mesh.polygons} == {sides}
    low, high = _bounds(item)
    np.testing.assert_allclose([low, high], [[-0.5] * 3, [0.5] * 3], atol=0.05)
    tree = item.active_material.node_tree
    shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
    source = shader.inputs["Base Color"].links[0].from_node
    assert not item.modifiers
    if method == 'DECIMATE':
        assert source.type == 'TEX_IMAGE'
        return
    assert source.layer_name == mesh.color_attributes[0].name
    assert not bpy.data.images, "the texture that nothing shows is gone"
    for vertex, colour in zip(mesh.vertices, mesh.color_attributes[0].data, strict=True):
        red, _, blue, _ = colour.color_srgb
        up = vertex.co.z
        if abs(up) > 0.1:
            assert (red > 0.9 and blue < 0.1) if up > 0 else (blue > 0.9 and red < 0.1)


def _truncate(path):
    path.write_bytes(path.read_bytes()[:200])


def _empty(path):
    path.write_bytes(b"")


def _remove(path):
    path.unlink()


def _no_mesh(path):
    import struct
    content = json.dumps({"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}],
                          "nodes": [{"name": "nothing"}]}).encode()
    content += b" " * (-len(content) % 4)
    path.write_bytes(struct.pack("<III", 0x46546C67, 2, 20 + len(content))
                     + struct.pack("<II", len(content), 0x4E4F534A) + content)


@pytest.mark.parametrize("damage", [_truncate, _empty, _remove, _no_mesh])
def test_import_mesh_failure_changes_nothing(bpy, scene, mesh_glb, contents, damage):
    scene.collection.objects.link(mine := bpy.data.objects.new("Mine", None))
    mine.select_set(True)
    bpy.context.view_layer.objects.active = mine
    before = contents()
    damage(mesh_glb)
    with pytest.raises(RuntimeError, match=r"^Error: can't read the mesh|is missing|holds no mesh"):
        bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    assert contents() == before
