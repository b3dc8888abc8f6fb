# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reconstructed mesh in the scene: upright, watertight, textured."""

from __future__ import annotations

import json

import numpy as np
import pytest

REPORT = {"schema": "zero123.mesh/1", "method": "views", "model": "nano", "seed": 3}


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


def test_a_mesh_stands_upright_in_its_collection(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    apex = max((item.matrix_world @ vertex.co for vertex in item.data.vertices), key=lambda p: p.z)
    np.testing.assert_allclose(apex, (0, 0, 0.8), atol=1e-6)
    assert not scene.collection.objects  # the importer's own place
    assert {other.name for other in bpy.data.objects} == {item.name}


def test_a_mesh_is_joined_at_the_texture_s_seams(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    assert (len(item.data.vertices), len(item.data.polygons)) == (4, 4)
    assert item.data.uv_layers.active is not None
    uv = np.empty(2 * len(item.data.loops), np.float32)
    item.data.uv_layers.active.data.foreach_get("uv", uv)
    assert len(np.unique(uv.reshape(-1, 2).round(4), axis=0)) == 12


def test_a_mesh_has_a_principled_material_with_a_packed_texture(bpy, scene, mesh_glb):
    item = _imported(bpy, mesh_glb)
    tree = item.active_material.node_tree
    shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
    image = shader.inputs["Base Color"].links[0].from_node.image
    assert image.packed_file is not None
    assert image.size[:] == (32, 32)
    assert shader.inputs["Metallic"].default_value == 0.0
    assert all(polygon.use_smooth for polygon in item.data.polygons)


def test_a_mesh_tells_where_it_comes_from(bpy, scene, mesh_glb):
    record = json.loads(_imported(bpy, mesh_glb)["zero123"])
    assert (record["kind"], record["model"], record["seed"]) == ("reconstruct", "nano", 3)
    assert record["files"] == [str(mesh_glb)]


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
def test_a_failed_import_leaves_the_scene_untouched(bpy, scene, mesh_glb, contents, damage):
    scene.collection.objects.link(mine := bpy.data.objects.new("Mine", None))
    mine.select_set(True)
    bpy.context.view_layer.objects.active = mine
    before = contents()
    damage(mesh_glb)
    with pytest.raises(RuntimeError, match=r"^Error: can't read the mesh|is missing|holds no mesh"):
        bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    assert contents() == before
