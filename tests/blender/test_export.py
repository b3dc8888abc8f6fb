# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's exports of an imported mesh contain its texture."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
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
    return _texture_of(bpy.context.object)


def _texture_of(item):
    image, = (node.image for node in item.active_material.node_tree.nodes
              if node.type == 'TEX_IMAGE')
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
    """The texture file that an OBJ's material names, found as by other programs."""
    line, = (line for line in (out / "a.mtl").read_text().splitlines() if "map_Kd" in line)
    return out / line.split()[-1]


@pytest.mark.parametrize("mode", ['AUTO', 'ABSOLUTE', 'RELATIVE', 'MATCH', 'COPY'])
def test_export_of_an_obj_has_its_texture(bpy, texture, out, mode):
    """The export is opened in an empty file, as by another program."""
    bpy.ops.wm.obj_export(filepath=str(out / "a.obj"), path_mode=mode)
    assert _texture_of_obj(out).is_file()
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.obj_import(filepath=str(out / "a.obj"))
    image = _texture_of(bpy.context.selected_objects[0])
    assert np.array(image.pixels)[:4].tolist() == [1, 0, 0, 1]


def test_export_of_an_obj_copies_its_texture(bpy, texture, out):
    _export(bpy, "obj", out)
    assert _texture_of_obj(out).parent == out
    assert _colours(out) == [(255, 0, 0)]


def test_export_of_a_stripped_obj_names_its_texture(bpy, texture, mesh_glb, out):
    bpy.ops.wm.obj_export(filepath=str(out / "a.obj"), path_mode='STRIP')
    name = _texture_of_obj(out).name
    assert name.startswith("bottle-")
    assert (mesh_glb.parent / "textures" / name).is_file()


@pytest.fixture
def views_json(tmp_path):
    """Two views as the engine writes them, without an input image."""
    view_set = pytest.importorskip("engine.imaging.view_set", reason="needs engine libraries")
    return view_set.ViewSet(
        images=np.ones((2, 16, 16, 4), np.float32) * [[[[1]]], [[[0.5]]]],
        azimuth_deg=np.array([0, 90]), elevation_deg=np.zeros(2), radius=np.full(2, 1.85),
        sample=np.zeros(2, int), meta={"image": "bottle.png"}).save(tmp_path / "views")


def test_export_of_a_mesh_plane_copies_its_image(bpy, scene, views_json, out):
    bpy.ops.zero123.import_result(filepath=str(views_json), planes='MESH')
    _export(bpy, "obj", out)
    names = {line.split()[-1] for line in (out / "a.mtl").read_text().splitlines()
             if "map_Ke" in line}
    assert len(names) == 2
    assert all((out / name).is_file() for name in names)


def test_export_embeds_the_texture_in_an_fbx(bpy, texture, out):
    bpy.ops.export_scene.fbx(filepath=str(out / "a.fbx"), path_mode='COPY', embed_textures=True)
    assert _file_of(bpy, texture).read_bytes() in (out / "a.fbx").read_bytes()


def _file_of(bpy, image):
    return Path(bpy.path.abspath(image.filepath))


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


def _saved(bpy, path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    return path


def _packed_in(bpy, extension, path):
    """Contents of the packed images in a .blend file, as Blender without the add-on reads it."""
    code = ("import bpy, sys; bpy.ops.wm.open_mainfile(filepath=sys.argv[1]);"
            "print('|'.join(f'{i.name}={i.pixels[0] if i.packed_file else None}'"
            " for i in bpy.data.images))")
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True,
                         check=True, env={**os.environ, "BLENDER_USER_RESOURCES": ""})
    return run.stdout.splitlines()[-1].split("|")


def test_texture_is_packed_in_a_saved_file(bpy, extension, texture, mesh_glb, tmp_path):
    """A .blend file is therefore complete without the results folder and the add-on, with one
    copy.
    """
    path = _saved(bpy, tmp_path / "a.blend")
    shutil.rmtree(mesh_glb.parent)
    assert _packed_in(bpy, extension, path) == ["bottle=1.0"]


@pytest.mark.parametrize("vanishes", [False, True])
def test_texture_of_an_opened_file_is_exported(bpy, texture, mesh_glb, out, tmp_path, vanishes):
    name = texture.name
    path = _saved(bpy, tmp_path / "a.blend")
    if vanishes:
        shutil.rmtree(mesh_glb.parent)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert np.array(bpy.data.images[name].pixels)[:4].tolist() == [1, 0, 0, 1]
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]


def test_texture_survives_that_its_result_is_removed(bpy, texture, mesh_glb, tmp_path, out):
    """If the result is removed while the file is open, the next saved file and export still have
    it.
    """
    shutil.rmtree(mesh_glb.parent)
    assert np.array(texture.pixels)[:4].tolist() == [1, 0, 0, 1]
    name, path = texture.name, _saved(bpy, tmp_path / "a.blend")
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert np.array(bpy.data.images[name].pixels)[:4].tolist() == [1, 0, 0, 1]


def test_texture_survives_undo_without_its_result(bpy, scene, mesh_glb, out):
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    bpy.ops.ed.undo_push(message="Import")
    shutil.rmtree(mesh_glb.parent)
    bpy.ops.ed.undo()
    bpy.ops.ed.redo()
    image = _texture_of(bpy.context.object)
    assert np.array(image.pixels)[:4].tolist() == [1, 0, 0, 1]
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]


def test_painted_texture_is_saved_and_exported(bpy, texture, tmp_path, out):
    """The image need not be saved by hand; the result's own file is unchanged."""
    file = _file_of(bpy, texture)
    before = file.read_bytes()
    texture.pixels = [0, 0, 1, 1] * (16 * 16)
    assert texture.is_dirty
    name, path = texture.name, _saved(bpy, tmp_path / "a.blend")
    _export(bpy, "obj", out)
    assert _colours(out) == [(0, 0, 255)]
    assert file.read_bytes() == before
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert np.array(bpy.data.images[name].pixels)[:4].tolist() == [0, 0, 1, 1]


def test_texture_with_relative_paths_stays_in_the_file(bpy, texture, mesh_glb, tmp_path):
    path = _saved(bpy, tmp_path / "a.blend")
    bpy.ops.file.make_paths_relative()
    name = texture.name
    bpy.ops.wm.save_mainfile()
    shutil.rmtree(mesh_glb.parent)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert np.array(bpy.data.images[name].pixels)[:4].tolist() == [1, 0, 0, 1]


def test_texture_of_an_appended_mesh_is_exported(bpy, texture, tmp_path, out):
    path = _saved(bpy, tmp_path / "a.blend")
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.append(directory=f"{path}/Object/", filename="bottle")
    if bpy.app.version < (4, 3, 0):  # cannot tell that something was appended
        _saved(bpy, tmp_path / "b.blend")
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]


def test_disabled_add_on_leaves_textures_packed(bpy, extension, texture):
    module = extension("operators.scene.texture_files")
    module.unregister()
    try:
        assert texture.packed_file is not None
    finally:
        module.register()


def test_texture_file_is_written_beside_the_result_once(bpy, texture, mesh_glb):
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    file, = (mesh_glb.parent / "textures").iterdir()
    assert _file_of(bpy, texture) == _file_of(bpy, _texture_of(bpy.context.object)) == file


def test_texture_of_another_program_s_mesh_is_exported(bpy, scene, mesh_glb, out):
    """No files are written beside a file that is not a result."""
    (mesh_glb.parent / "report.json").unlink()
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    assert [path.name for path in mesh_glb.parent.iterdir()] == ["mesh.glb"]
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]


def test_texture_has_a_file_where_the_result_is_read_only(bpy, scene, mesh_glb, out):
    (mesh_glb.parent / "textures").write_text("A file where the folder would be.")
    bpy.ops.zero123.import_result(filepath=str(mesh_glb))
    _export(bpy, "obj", out)
    assert _colours(out) == [(255, 0, 0)]
