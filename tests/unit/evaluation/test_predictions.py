# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of other methods: every format is read with its axes; missing and damaged ones are
named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from helpers.command_line import run

from engine.core.errors import EngineError, ErrorCode
from engine.evaluation.predictions import find_prediction, load_shape
from engine.mesh.triangles import Triangles
from engine.training.shards import RenderedObject, write_shard

SIDES = (0.2, 0.4, 1.0)
"""Side lengths of a tall box, Z up."""
BOX = trimesh.creation.box(SIDES)
POINTS = np.asarray(BOX.sample(2000, seed=0))


def y_up(points: np.ndarray) -> np.ndarray:
    return points[:, [0, 2, 1]] * [1, 1, -1]


def write(path: Path) -> Path:
    """The box in a format, with its usual axes."""
    if path.suffix in (".glb", ".obj"):
        trimesh.Trimesh(y_up(BOX.vertices), BOX.faces).export(path)
    elif path.suffix in (".ply", ".stl"):
        BOX.export(path)
    elif path.suffix == ".npz":
        np.savez(path, coords=POINTS, R=POINTS[:, 0])  # as Point-E writes it
    elif path.suffix == ".npy":
        np.save(path, np.concatenate([POINTS, POINTS], axis=1))  # with colours
    else:
        trimesh.PointCloud(POINTS).export(path)
    return path


@pytest.mark.parametrize("name", ["a.glb", "a.obj", "a.ply", "a.stl"])
def test_load_shape_reads_meshes_with_z_up(tmp_path: Path, name: str) -> None:
    shape = load_shape(write(tmp_path / name))
    assert isinstance(shape, Triangles)
    np.testing.assert_allclose(np.ptp(shape.vertices, axis=0), SIDES, atol=1e-6)
    assert shape.volume == pytest.approx(np.prod(SIDES), rel=1e-5)


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.xyz"])
def test_load_shape_reads_points(tmp_path: Path, name: str) -> None:
    shape = load_shape(write(tmp_path / name))
    np.testing.assert_allclose(shape, POINTS, atol=1e-5)


def test_load_shape_reads_a_ply_without_faces_as_points(tmp_path: Path) -> None:
    trimesh.PointCloud(POINTS).export(tmp_path / "a.ply")
    np.testing.assert_allclose(load_shape(tmp_path / "a.ply"), POINTS, atol=1e-5)


def test_load_shape_accepts_an_up_axis(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", y_up(POINTS))
    np.testing.assert_allclose(load_shape(tmp_path / "a.npy", up="y"), POINTS)
    write(tmp_path / "a.glb")
    shape = load_shape(tmp_path / "a.glb", up="z")
    np.testing.assert_allclose(np.ptp(shape.vertices, axis=0), [0.2, 1.0, 0.4], atol=1e-6)


def test_find_prediction_searches_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "v1.5 cup").mkdir()
    for name in ("v1.5 cup/mesh.ply", "dish.obj"):
        write(tmp_path / name)
    assert find_prediction(tmp_path, "v1.5 cup") == tmp_path / "v1.5 cup" / "mesh.ply"
    assert find_prediction(tmp_path, "dish") == tmp_path / "dish.obj"


def _nothing(path: Path) -> None:
    np.save(path.with_suffix(".npy"), np.zeros((0, 3)))


@pytest.mark.parametrize("damage", [
    lambda path: path.with_suffix(".glb").write_bytes(b"glTF no mesh"),
    lambda path: path.with_suffix(".obj").write_text("nothing"),
    lambda path: path.with_suffix(".ply").write_bytes(b"ply\nformat ascii 1.0\n"),
    lambda path: path.with_suffix(".stl").write_bytes(b"cut"),
    lambda path: np.savez(path.with_suffix(".npz"), other=POINTS),
    lambda path: np.save(path.with_suffix(".npy"), np.array([{}]), allow_pickle=True),
    lambda path: np.save(path.with_suffix(".npy"), POINTS[:, :2]),
    lambda path: np.save(path.with_suffix(".npy"), POINTS * np.nan),
    lambda path: np.save(path.with_suffix(".npy"), POINTS * 0),
    _nothing,
])
def test_load_shape_names_files_without_a_shape(tmp_path: Path, damage) -> None:
    damage(tmp_path / "thing")
    (path,) = tmp_path.iterdir()
    with pytest.raises(EngineError) as caught:
        load_shape(path)
    assert caught.value.code is ErrorCode.BAD_INPUT and str(path) in caught.value.message


@pytest.mark.slow
def test_evaluate_meshes_exit_code_reports_missing_ones(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for room in ("views", "meshes", "theirs"):
        (tmp_path / room).mkdir()
    pose = np.array([[0, 20, 1.85]], np.float32)
    names = ["cloud", "mesh", "broken", "absent"]
    write_shard(tmp_path / "views" / "0.tar", [
        RenderedObject(name, np.zeros((1, 8, 8, 4), np.uint8), pose, {}) for name in names])
    for name in names:
        write(tmp_path / "meshes" / f"{name}.glb")
    write(tmp_path / "theirs" / "cloud.npz")
    write(tmp_path / "theirs" / "mesh.obj")
    (tmp_path / "theirs" / "broken.ply").write_bytes(b"no mesh")
    command = ("evaluate", "meshes", tmp_path, "--predictions", tmp_path / "theirs",
               "--out", tmp_path / "out", "--align", "none")
    assert run(*command) == 2
    told = capsys.readouterr()
    record = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert record["options"]["align"] == "none"
    assert set(record["objects"]) == {"cloud", "mesh"}
    assert len(record["left_out"]) == 2
    assert "broken.ply" in record["left_out"][0] and "absent" in record["left_out"][1]
    assert record["objects"]["cloud"]["iou"] is None and record["objects"]["cloud"]["f_score"] > .9
    assert record["mean"]["iou"] == record["objects"]["mesh"]["iou"] == 1
    assert "no IoU" in told.out and "broken.ply" in told.err and "absent" in told.err
    (tmp_path / "theirs" / "cloud.npz").unlink()
    (tmp_path / "theirs" / "mesh.obj").unlink()
    assert run(*command) == 2
    assert "none of the inputs can be used" in capsys.readouterr().err
