# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training views of 3D models, rendered by separate processes of a real Blender."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine.camera import camera_to_world, focal_length_px
from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.locks import locked_file
from engine.core.reporting import SilentReporter
from engine.core.requests import RenderRequest
from engine.jobs import run as jobs
from engine.training.folders import read_folder
from engine.training.rendering.dataset import random_cameras, render_dataset
from engine.training.rendering.program import ModelFailed, RenderProcess, RenderTask
from engine.training.shards import read_shards

SIZE, VIEWS = 64, 3
BOX = (1.0, 0.5, 0.25)
"""Sides along X, Y and Z in Blender; the file has the axes of OBJ, with Y up."""

SIGNS = list(itertools.product((-1, 1), repeat=3))


def write_box(path: Path, red: float = 0.8, offset: float = 3.0) -> Path:
    """A coloured box that is neither centred nor of the right size."""
    x, y, z = 4 * BOX[0] / 2, 4 * BOX[2] / 2, 4 * BOX[1] / 2
    corners = [(i * x + offset, j * y - 7, k * z) for i, j, k in SIGNS]
    faces = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".mtl").write_text(f"newmtl paint\nKd {red} 0.2 0.1\n")
    path.write_text(f"mtllib {path.stem}.mtl\n"
                    + "".join(f"v {a} {b} {c}\n" for a, b, c in corners) + "usemtl paint\n"
                    + "".join("f {} {} {} {}\n".format(*face) for face in faces))
    return path


def check_outline(rgba: np.ndarray, camera: np.ndarray) -> None:
    """Check that the projected corners of the normalised box agree with the image's silhouette."""
    seen = np.column_stack([np.array(SIGNS) * BOX / 2, np.ones(8)]) @ np.linalg.inv(camera)[:3].T
    pixels = SIZE / 2 + focal_length_px(SIZE) * seen[:, :2] / -seen[:, 2:] * (1, -1)
    rows, columns = np.nonzero(rgba[..., 3] > 127)
    np.testing.assert_allclose([columns.min(), rows.min()], pixels.min(axis=0), atol=1.2)
    np.testing.assert_allclose([columns.max() + 1, rows.max() + 1], pixels.max(axis=0), atol=1.2)


def request(models: Path, out: Path, **options: object) -> RenderRequest:
    values = {"view_count": VIEWS, "size": SIZE, "samples": 2, "device": "cpu",
              "blender": sys.executable, **options}
    return RenderRequest(models=str(models), out=str(out), **values)


@pytest.fixture(scope="module")
def models(bpy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_box(folder / "red.obj")
    write_box(folder / "more" / "a dark.box.obj", red=0.1)
    return folder


@pytest.fixture(scope="module")
def rendered(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of the two objects."""
    out = tmp_path_factory.mktemp("rendered") / "out"
    report = jobs.run(request(models, out, folders=True), SilentReporter())
    assert (report["objects"], report["views"], report["shards"]) == (2, VIEWS, ["000000.tar"])
    return out


def test_render_images_match_their_cameras(rendered: Path):
    dark, red = read_shards(rendered)
    assert (dark.name, red.name) == ("more_a_dark_box", "red")
    assert dark.info["source"] == "more/a dark.box.obj"
    for rgba, pose in zip(red.rgba, red.pose, strict=True):
        check_outline(rgba, camera_to_world(*pose))
    inside = red.rgba[red.rgba[..., 3] == 255]
    assert inside[:, 0].mean() > 1.5 * inside[:, 1].mean()
    assert dark.rgba.shape == (VIEWS, SIZE, SIZE, 4)


def test_random_cameras_match_the_paper():
    matrices, light = random_cameras(0, "x.glb", 4000)
    position = matrices[:, :3, 3]
    radius = np.linalg.norm(position, axis=1)
    assert 1.5 <= radius.min() < 1.51 and 2.19 < radius.max() <= 2.2
    direction = np.abs(position) / radius[:, None]
    # Directions drawn from a cube are 2.7 times as dense at its corners, and half as dense at its
    # faces.
    near_corner = (direction @ np.full(3, 3**-0.5) > 0.98).mean()
    near_face = (direction.max(axis=1) > 0.99).mean()
    assert near_corner > 0.15 and near_face < 0.022, "on a sphere they would be 0.08 and 0.03"
    assert 300 <= light["watts"] <= 600
    assert random_cameras(1, "x.glb", 2)[0][0, 0, 3] != matrices[0, 0, 3]
    assert random_cameras(0, "y.glb", 2)[0][0, 0, 3] != matrices[0, 0, 3]


def test_render_writes_objaverse_folders(rendered: Path, tmp_path: Path):
    shutil.copytree(rendered / "objects", tmp_path / "objects")
    for packed, loose in zip(read_shards(rendered), read_shards(tmp_path / "objects"), strict=True):
        assert packed.name == loose.name
        np.testing.assert_allclose(packed.pose, loose.pose, atol=1e-4)
        np.testing.assert_array_equal(packed.rgba[..., 3], loose.rgba[..., 3])
    matrix = np.load(tmp_path / "objects" / "red" / "000.npy")
    assert matrix.shape == (3, 4)
    np.testing.assert_allclose(matrix @ [0, 0, 0, 1], [0, 0, -loose.pose[0, 2]], atol=1e-5)


def test_render_is_independent_of_workers_and_stops(models: Path, rendered: Path,
                                                        tmp_path: Path):
    class StopAfterOne(SilentReporter):
        def progress(self, stage: str, done: int, total: int) -> None:
            assert (stage, total) == ("render", 2)
            if done == 1:
                raise JobCancelled

    out = tmp_path / "out"
    with pytest.raises(JobCancelled):
        render_dataset(request(models, out, workers=2), StopAfterOne())
    kept, = (out / ".rendering").iterdir()
    times = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(times) == 2 * VIEWS
    render_dataset(request(models, out, workers=2), SilentReporter())
    assert (out / "000000.tar").read_bytes() == (rendered / "000000.tar").read_bytes()
    assert {path.name for path in out.iterdir()} == {"000000.tar", "dataset.json", "blender.log"}


def test_render_adds_new_models_only(models: Path, rendered: Path, tmp_path: Path):
    more, out = tmp_path / "models", tmp_path / "out"
    shutil.copytree(models, more)
    shutil.copytree(rendered, out)
    before = (out / "000000.tar").stat().st_mtime_ns
    write_box(more / "another.obj", red=0.5)
    index = render_dataset(request(more, out), SilentReporter())
    assert index.shards["000001.tar"] == {"another": "another.obj"}
    assert (out / "000000.tar").stat().st_mtime_ns == before
    assert [item.name for item in read_shards(out)] == ["more_a_dark_box", "red", "another"]
    with pytest.raises(EngineError, match="other settings"):
        render_dataset(request(more, out, seed=1), SilentReporter())


def test_render_lists_a_corrupt_model(models: Path, tmp_path: Path):
    folder, out = tmp_path / "models", tmp_path / "out"
    write_box(folder / "good.obj")
    (folder / "text.glb").write_text("This is no model.")
    (folder / "empty.obj").write_text("")
    (folder / "cut.fbx").write_bytes(b"Kaydara FBX Binary  \x00\x1a\x00")
    (folder / "cut.blend").write_bytes(b"BLENDER")
    (folder / "photo.png").write_text("not looked at")
    bad = {"text.glb", "empty.obj", "cut.fbx", "cut.blend"}
    with pytest.raises(EngineError) as caught:
        jobs.run(request(folder, out), SilentReporter())
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.message == "4 of 5 models were left out"
    document = json.loads((out / "dataset.json").read_text())
    assert set(document["skipped"]) == bad and all(document["skipped"].values())
    assert [item.name for item in read_shards(out)] == ["good"]
    for name in bad:
        (folder / name).unlink()
    assert jobs.run(request(folder, out), SilentReporter())["objects"] == 1
    assert json.loads((out / "dataset.json").read_text())["skipped"] == {}


@pytest.mark.parametrize("suffix", ["glb", "fbx", "blend"])
def test_render_reads_every_file_format(bpy, scene, rendered: Path, tmp_path: Path,
                                               suffix: str):
    """The same name gives the same cameras; edges may differ by a pixel."""
    write_box(tmp_path / "obj" / "red.obj")
    bpy.ops.wm.obj_import(filepath=str(tmp_path / "obj" / "red.obj"))
    path = tmp_path / "models" / f"red.{suffix}"
    path.parent.mkdir()
    if suffix == "glb":
        bpy.ops.export_scene.gltf(filepath=str(path), use_selection=True)
    elif suffix == "fbx":
        bpy.ops.export_scene.fbx(filepath=str(path), use_selection=True)
    else:
        bpy.data.libraries.write(str(path), set(bpy.context.selected_objects))
    render_dataset(request(path, tmp_path / suffix), SilentReporter())
    here, = read_shards(tmp_path / suffix)
    matrices, _ = random_cameras(0, path.name, VIEWS)
    assert here.rgba.shape == (VIEWS, SIZE, SIZE, 4)
    for rgba, matrix in zip(here.rgba, matrices, strict=True):
        check_outline(rgba, matrix)
    inside = here.rgba[here.rgba[..., 3] == 255]
    assert inside[:, 0].mean() > 1.5 * inside[:, 1].mean(), "its paint came along"


@pytest.fixture
def task(bpy, tmp_path: Path) -> RenderTask:
    matrices, light = random_cameras(0, "red.obj", 2)
    folder = tmp_path / "pictures"
    folder.mkdir()
    return RenderTask(str(write_box(tmp_path / "red.obj")), str(folder), matrices.tolist(), light,
                 SIZE, 1, 1, "cpu")


def test_render_process_survives_a_crash(task: RenderTask, tmp_path: Path):
    process = RenderProcess(sys.executable, tmp_path / "log", 100)
    process.render(task)
    pid = process._process.pid
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()
    slow = RenderTask(**{**task.__dict__, "samples": 4096, "size": 1024})
    with pytest.raises(ModelFailed, match="crashed"):
        process.render(slow)
    process.render(task)
    assert process._process.pid != pid
    assert len(read_folder(Path(task.folder)).pose) == 2
    process.stop()


def test_render_process_stops_a_hanging_blender(task: RenderTask, tmp_path: Path):
    process = RenderProcess(sys.executable, tmp_path / "log", 3)
    start = time.monotonic()
    with pytest.raises(ModelFailed, match="longer than 3 s"):
        process.render(RenderTask(**{**task.__dict__, "samples": 60000, "size": 2048}))
    assert time.monotonic() - start < 60


def test_render_is_cancelled_within_an_object(models: Path, tmp_path: Path):
    class StopSoon(SilentReporter):
        start = time.monotonic()

        def progress(self, stage: str, done: int, total: int) -> None:
            if time.monotonic() - self.start > 3:
                raise JobCancelled

    start = time.monotonic()
    with pytest.raises(JobCancelled):
        render_dataset(request(models, tmp_path, samples=60000, size=2048), StopSoon())
    assert time.monotonic() - start < 30
    assert {path.name for path in tmp_path.iterdir()} == {"dataset.json", "blender.log"}


def test_render_locks_its_folder(models: Path, tmp_path: Path):
    with (locked_file(tmp_path / ".lock"),
          pytest.raises(EngineError, match="another process renders into")):
        render_dataset(request(models, tmp_path), SilentReporter())


@pytest.mark.parametrize("program", ["/nonexistent/blender", "true"])
def test_render_reports_an_unusable_blender(models: Path, tmp_path: Path, program: str):
    with pytest.raises(EngineError) as caught:
        render_dataset(request(models, tmp_path / "out", blender=program), SilentReporter())
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "--blender" in caught.value.hint


def test_render_refuses_a_folder_without_models(tmp_path: Path):
    with pytest.raises(EngineError, match="no 3D models"):
        render_dataset(request(tmp_path, tmp_path / "out"), SilentReporter())


def test_render_command_line(models: Path, tmp_path: Path,
                                                         project_root: Path):
    def engine(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "engine", *map(str, arguments)], check=False,
                              cwd=project_root, capture_output=True, text=True)

    (folder := tmp_path / "models").mkdir()
    shutil.copytree(models, folder, dirs_exist_ok=True)
    (folder / "bad.glb").write_text("x")
    command = ("dataset", "render", folder, "--out", tmp_path / "out", "--view-count", 2,
               "--size", 32, "--samples", 1, "--workers", 2, "--blender", sys.executable)
    result = engine(*command)
    assert result.returncode == 2
    assert f"{folder / 'bad.glb'}: " in result.stderr and "Traceback" not in result.stderr
    (folder / "bad.glb").unlink()
    assert engine(*command).returncode == 0
    info = engine("dataset", "info", tmp_path / "out")
    assert info.stdout.strip() == "2 objects, 4 views of 32 pixels"


def test_render_operator_includes_children_and_colours(
        bpy, scene, extension, contents, tmp_path: Path):
    """Two objects: one of two parts, and one that shows a collection; other objects are not
    rendered.
    """
    def box(name: str, size: float, colour: tuple[float, ...]) -> object:
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata([(a * size, b * size, c * size) for a, b, c in SIGNS], [],
                         [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4),
                          (1, 5, 7, 3)])
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = colour
        mesh.materials.append(material)
        item = bpy.data.objects.new(name, mesh)
        return item

    ground = box("Ground", 20, (1, 1, 1, 1))
    body, head = box("Body/1", 1, (0.8, 0.05, 0.05, 1)), box("Head", 1, (0.05, 0.05, 0.8, 1))
    for item in (ground, body, head):
        scene.collection.objects.link(item)
    body.parent = ground
    head.parent, head.location = body, (0, 0, 3)
    inner = bpy.data.collections.new("Inner")
    inner.objects.link(box("Ball", 1, (0.05, 0.8, 0.05, 1)))
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = 'COLLECTION', inner
    scene.collection.objects.link(instance)
    for item in (body, head, instance):
        item.select_set(True)
    before = contents()
    out = tmp_path / "out"
    bpy.ops.zero123.render_dataset(out=str(out), view_count=2, size=SIZE, samples=2)
    assert contents() == before
    first, second = read_shards(out)
    assert (first.name, second.name) == ("Body_1", "Instance")
    red, _, blue = first.rgba[first.rgba[..., 3] == 255][:, :3].astype(float).T
    assert (red > 2 * blue).mean() > 0.1 < (blue > 2 * red).mean(), "both parts, in their colours"
    assert ((red > 2 * blue) | (blue > 2 * red)).mean() > 0.9, "and not what they stand on"
    inside = second.rgba[second.rgba[..., 3] == 255]
    assert inside[:, 1].mean() > 1.5 * inside[:, 0].mean()
    job = list(extension("operators.session").session.runner.jobs)[-1]
    assert (job.state.value, job.import_pending, job.title) == ("Done", False, "Body/1")


def test_render_operator_needs_a_selection(bpy, scene):
    with pytest.raises(RuntimeError, match="no object that can be rendered is selected; select"):
        bpy.ops.zero123.render_dataset()
