# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender exports of an imported mesh has its texture."""

from __future__ import annotations

import json
import re
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image


def _write_mesh(folder, colour):
    """A tetrahedron with a texture of one colour, as the engine writes its results."""
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps({"model": "nano", "image": "bottle.png"}))
    corners = np.array([[0.5, 0, 0], [-0.25, 0.4, 0], [-0.25, -0.4, 0], [0, 0, 0.8]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    return textured.TexturedMesh(
        vertices=corners, faces=faces, uv=np.full((4, 2), 0.5), uv_faces=faces,
        texture=np.broadcast_to(np.float32(colour), (16, 16, 3)).copy()
    ).save_glb(folder / "mesh.glb")


@pytest.fixture
def mesh_glb(tmp_path):
    return _write_mesh(tmp_path / "job", (1, 0, 0))


@pytest.fixture
def texture(bpy, scene, mesh_glb):
    """The texture of the imported mesh."""
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    image, = bpy.data.images
    return image


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "exported"
    folder.mkdir()
    return folder


def _colours(folder):
    """The colour of each image file in a folder."""
    found = []
    for path in folder.rglob("*.png"):
        with Image.open(path) as image:
            found.append(image.convert("RGB").getpixel((8, 8)))
    return found


def _export(bpy, kind, out):
    operator, name, settings = {
        "obj": (bpy.ops.wm.obj_export, "a.obj", {"path_mode": 'COPY'}),
        "fbx": (bpy.ops.export_scene.fbx, "a.fbx", {"path_mode": 'COPY'}),
        "gltf": (bpy.ops.export_scene.gltf, "a.gltf", {"export_format": 'GLTF_SEPARATE'}),
        "collada": (getattr(bpy.ops.wm, "collada_export", None), "a.dae",
                    {"use_texture_copies": True}),
    }[kind]
    if kind == "collada" and bpy.app.version >= (5, 0, 0):
        pytest.skip("Blender 5.0 has no Collada exporter")
    operator(filepath=str(out / name), **settings)
    return out / name


@pytest.mark.parametrize("kind", ["fbx", "gltf", "collada"])
def test_export_copies_the_texture(bpy, texture, out, kind):
    _export(bpy, kind, out)
    assert _colours(out) == [(255, 0, 0)]


def test_export_of_usd_copies_the_texture_it_names(bpy, texture, out):
    bpy.ops.wm.usd_export(filepath=str(out / "a.usda"))
    names = set(re.findall(r"@\./(textures/[^@]+)@", (out / "a.usda").read_text()))
    assert any("bottle-" in name for name in names)
    assert all((out / name).is_file() for name in names), names  # the world's colour is one, too
    assert (255, 0, 0) in _colours(out)


def _texture_of_obj(out):
    line, = (line for line in (out / "a.mtl").read_text().splitlines() if "map_Kd" in line)
    return line.split()[-1]


def test_export_of_an_obj_names_its_texture(bpy, texture, mesh_glb, out):
    """Blender copies no packed texture beside an OBJ, but its name leads to the result's file."""
    _export(bpy, "obj", out)
    name = _texture_of_obj(out)
    assert name.startswith("bottle-")
    assert (mesh_glb.parent / "textures" / name).is_file()


@pytest.mark.parametrize("method", ['USE_ORIGINAL', 'WRITE_LOCAL'])
def test_export_of_an_obj_copies_an_unpacked_texture(bpy, texture, out, tmp_path, method):
    """After File > External Data > Unpack Resources."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), check_existing=False)
    texture.unpack(method=method)
    _export(bpy, "obj", out)
    assert (out / _texture_of_obj(out)).is_file()
    assert _colours(out) == [(255, 0, 0)]


def test_export_embeds_the_texture_in_an_fbx(bpy, texture, out):
    bpy.ops.export_scene.fbx(filepath=str(out / "a.fbx"), path_mode='COPY', embed_textures=True)
    assert bytes(texture.packed_file.data) in (out / "a.fbx").read_bytes()


def test_export_embeds_the_texture_in_a_usdz(bpy, texture, out):
    bpy.ops.wm.usd_export(filepath=str(out / "a.usdz"))
    with ZipFile(out / "a.usdz") as archive:
        archive.extractall(out)
    assert (255, 0, 0) in _colours(out)


def test_export_keeps_textures_of_the_same_name_apart(bpy, scene, texture, out, tmp_path):
    """Two results of images of the same name, exported into one folder."""
    bpy.ops.zero123.import_result(filepath=str(_write_mesh(tmp_path / "second", (0, 0, 1))))
    bpy.ops.object.select_all(action='SELECT')
    _export(bpy, "fbx", out)
    assert sorted(_colours(out)) == [(0, 0, 255), (255, 0, 0)]


def test_texture_stays_packed_when_the_file_is_saved(bpy, texture, mesh_glb, out, tmp_path):
    """So a .blend file is complete without the results folder."""
    assert texture.packed_file is not None
    name = texture.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), check_existing=False)
    for path in (mesh_glb.parent / "textures").iterdir():
        path.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    image = bpy.data.images[name]
    assert image.packed_file is not None
    assert np.array(image.pixels)[:4].tolist() == [1, 0, 0, 1]
    _export(bpy, "gltf", out)
    assert _colours(out) == [(255, 0, 0)]


def test_texture_file_is_written_beside_the_result_once(bpy, texture, mesh_glb):
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    file, = (mesh_glb.parent / "textures").iterdir()
    assert file.read_bytes() == bytes(texture.packed_file.data)
    assert {bpy.path.abspath(image.filepath) for image in bpy.data.images} == {str(file)}


def test_texture_of_another_program_s_mesh_is_exported(bpy, scene, mesh_glb, out):
    """Nothing is written beside a file that is not a result."""
    (mesh_glb.parent / "report.json").unlink()
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    assert [path.name for path in mesh_glb.parent.iterdir()] == ["mesh.glb"]
    _export(bpy, "fbx", out)
    assert _colours(out) == [(255, 0, 0)]


def test_texture_has_a_name_where_nothing_can_be_written(bpy, scene, mesh_glb):
    (mesh_glb.parent / "textures").write_text("A file where the folder would be.")
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    image, = bpy.data.images
    assert image.filepath_raw.endswith(".png")
    assert image.packed_file is not None
