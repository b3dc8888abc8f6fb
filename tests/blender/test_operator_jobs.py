# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators run jobs in a real engine without a window: they wait, import, or report the error."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NANO = Path(__file__).resolve().parents[2] / "engine" / "models" / "nano"
needs_nano = pytest.mark.skipif(
    not (NANO / "model_index.json").is_file(), reason="needs the bundled model engine/models/nano")


def _folders(bpy):
    results = Path(bpy.context.preferences.addons["bl_ext.user_default.zero123"]
                   .preferences.results_folder)
    return {path for path in results.glob("[!.]*") if path.is_dir()}


def _write_nothing(path):
    path.write_bytes(b"")


def _write_text(path):
    path.write_text("This is no picture.")


def _truncate(path):
    path.write_bytes(path.read_bytes()[:80])


def _make_transparent(path):
    Image.new("RGBA", (64, 64)).save(path)


@pytest.mark.needs_engine
@pytest.mark.parametrize("damage", [Path.unlink, _write_nothing, _write_text, _truncate,
                                    _make_transparent])
@pytest.mark.parametrize("operator", ["generate_views", "reconstruct_mesh"])
def test_operator_reports_the_engine_s_error(bpy, scene, contents, picture, damage, operator):
    damage(picture)
    before, folders = contents(), _folders(bpy)
    with pytest.raises(RuntimeError) as caught:
        getattr(bpy.ops.zero123, operator)(filepath=str(picture))
    text = str(caught.value).strip()
    assert text.startswith("Error: ")
    assert "; " in text, "a hint follows the message"
    assert "\n" not in text
    assert "Traceback" not in text
    assert contents() == before
    assert _folders(bpy) == folders, "no empty folder is left"


@pytest.mark.needs_engine
def test_operator_names_an_unknown_model(bpy, scene, contents, picture):
    before = contents()
    with pytest.raises(RuntimeError, match="no-such-model"):
        bpy.ops.zero123.generate_views(filepath=str(picture), model="no-such-model")
    assert contents() == before


def test_operator_names_an_unknown_image(bpy, scene):
    with pytest.raises(RuntimeError, match="there is no image named 'Nowhere'"):
        bpy.ops.zero123.generate_views(image="Nowhere")


def test_operator_reports_a_missing_image(bpy, scene):
    with pytest.raises(RuntimeError, match="no image is chosen"):
        bpy.ops.zero123.generate_views()


def test_operator_reports_a_missing_engine(bpy, scene, picture, extension):
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    preferences.engine_python = "/nonexistent/python"
    extension("operators.session").session.runner.stop_engine()
    try:
        with pytest.raises(RuntimeError, match="/nonexistent/python"):
            bpy.ops.zero123.engine_start()
        with pytest.raises(RuntimeError, match="/nonexistent/python"):
            bpy.ops.zero123.generate_views(filepath=str(picture))
    finally:
        preferences.engine_python = ""


@pytest.mark.needs_engine
def test_engine_starts_and_stops(bpy, extension):
    runner = extension("operators.session").session.runner
    runner.stop_engine()
    bpy.ops.zero123.engine_start()
    assert runner.engine_running
    with pytest.raises(RuntimeError, match="The engine is running"):
        bpy.ops.zero123.engine_start()
    bpy.ops.zero123.engine_stop()
    assert not runner.engine_running
    with pytest.raises(RuntimeError, match="not running"):
        bpy.ops.zero123.engine_stop()


@pytest.mark.needs_engine
def test_engine_restarts_after_its_death(bpy, extension):
    runner = extension("operators.session").session.runner
    if not runner.engine_running:
        bpy.ops.zero123.engine_start()
    os.kill(runner.engine_pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while runner.engine_error is None and time.monotonic() < deadline:
        runner.poll()
        time.sleep(0.05)
    assert runner.engine_state == "Failed"
    bpy.ops.zero123.engine_start()
    assert runner.engine_running
    assert runner.engine_error is None


def test_active_image_is_what_the_user_looks_at(bpy, scene, extension, picture):
    active_image = extension("operators.scene.images").active_image
    image = bpy.data.images.load(str(picture))
    assert active_image(bpy.context) is None
    empty = bpy.data.objects.new("Empty", None)
    empty.empty_display_type, empty.data = 'IMAGE', image
    mesh = bpy.data.objects.new("Plane", bpy.data.meshes.new("Plane"))
    mesh.data.materials.append(material := bpy.data.materials.new("Picture"))
    material.use_nodes = True
    for item in (empty, mesh):
        scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = empty
    assert active_image(bpy.context) == image
    bpy.context.view_layer.objects.active = mesh
    assert active_image(bpy.context) is None
    material.node_tree.nodes.new("ShaderNodeTexImage").image = image
    assert active_image(bpy.context) == image


@pytest.mark.needs_engine
def test_remove_background_makes_a_cut_out(bpy, scene, tmp_path):
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[16:48, 20:44] = (180, 60, 30)
    Image.fromarray(pixels).save(path := tmp_path / "box.png")
    bpy.ops.zero123.remove_background(filepath=str(path))
    image = bpy.data.images["box Cut-Out"]
    assert scene.zero123.image == image
    assert image.packed_file is not None
    alpha = np.array(image.pixels).reshape(64, 64, 4)[..., 3]
    np.testing.assert_array_equal(alpha[20:44, 24:40], 1.0)
    assert alpha[:10].max() == 0.0
    scene.zero123.image = None


@pytest.fixture(params=["tiny", pytest.param("nano", marks=needs_nano)])
def model(request):
    """A model with random weights, and the bundled one."""
    return str(request.getfixturevalue("tiny_model")) if request.param == "tiny" else request.param


@pytest.mark.needs_engine
def test_generate_views_end_to_end(bpy, scene, picture, extension, model):
    """A real engine makes four planes with cameras from one image."""
    image = bpy.data.images.load(str(picture))
    image.pack()
    picture.unlink()
    bpy.ops.zero123.generate_views(image=image.name, model=model, orbit=4, steps=2, seed=5,
                                   device="cpu")
    collection = bpy.data.collections["Zero123 ball"]
    planes = [item for item in collection.objects if item.name.startswith("View")
              and item.type == 'EMPTY']
    assert len(planes) == 4
    record = json.loads(planes[0]["zero123"])
    assert (record["seed"], record["request"]["steps"], record["model"]) == (5, 2, model)
    assert all(Path(file).is_file() for file in record["files"])
    job = list(extension("operators.session").session.runner.jobs)[-1]
    assert job.state.value == "Done"

    bpy.context.view_layer.objects.active = planes[0]
    assert bpy.ops.zero123.regenerate() == {'FINISHED'}
    again = bpy.data.collections["Zero123 ball.001"]
    first, second = (sorted(item.name for item in group.objects if item.type == 'EMPTY')
                     for group in (collection, again))
    assert len(first) == len(second)
    pixels = [np.array(bpy.data.objects[group[0]].data.pixels) for group in (first, second)]
    np.testing.assert_array_equal(*pixels)


@pytest.mark.needs_engine
@needs_nano
@pytest.mark.slow
def test_reconstruct_mesh_end_to_end(bpy, scene, picture):
    """A real engine makes a textured mesh from one image."""
    bpy.ops.zero123.reconstruct_mesh(filepath=str(picture), view_count=6, steps=2, resolution=32,
                                     iterations=20, faces=500, texture_size=64)
    item, = bpy.data.collections["Zero123 ball"].objects
    assert item.type == 'MESH'
    assert len(item.data.polygons) > 50
    assert json.loads(item["zero123"])["request"]["faces"] == 500
