# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sets in Objaverse's layout are read like shards; damaged objects are named and left out."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import run
from PIL import Image

from engine.camera import camera_to_world
from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.training import views
from engine.training.rendered import RenderedObject
from engine.training.shards import count_objects, read_shards, write_shard

POSES = np.array([[10.0, 20.0, 1.6], [200.0, -35.0, 2.1]])
SIZE = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three objects with two views each, which differ in colour."""
    for i in range(3):
        (path := tmp_path / "renderings" / f"uid{i}").mkdir(parents=True)
        for v, matrix in enumerate(camera_to_world(*POSES.T)):
            np.save(path / f"{v:03d}.npy", np.linalg.inv(matrix)[:3])
            Image.new("RGBA", (SIZE, SIZE), (80 * i, 100 * v, 7, 255)).save(path / f"{v:03d}.png")
    return tmp_path / "renderings"


def test_read_shards_reads_objaverse_folders(folder: Path):
    objects = list(read_shards(folder))
    assert [item.name for item in objects] == ["uid0", "uid1", "uid2"]
    for i, item in enumerate(objects):
        np.testing.assert_allclose(item.pose, POSES, rtol=1e-5)
        assert item.rgba[:, 0, 0].tolist() == [[80 * i, 0, 7, 255], [80 * i, 100, 7, 255]]


def _other_size(path: Path) -> None:
    Image.new("RGBA", (16, 16)).save(path / "001.png")


@pytest.mark.parametrize(("damage", "named"), [
    (lambda path: (path / "001.png").write_bytes(b"no picture"), "001.png"),
    (lambda path: (path / "001.png").unlink(), "001.png"),
    (lambda path: (path / "001.npy").write_bytes(b"no array"), "001.npy"),
    (lambda path: np.save(path / "001.npy", np.eye(4)), "001.npy"),
    (lambda path: np.save(path / "001.npy", np.full((3, 4), np.nan)), "001.npy"),
    (lambda path: np.save(path / "001.npy", np.array({}), allow_pickle=True), "001.npy"),
    (_other_size, "001.png"),
])
def test_unpack_names_damaged_objects_and_uses_others(
        folder: Path, tmp_path: Path, damage: Callable[[Path], None], named: str,
        capfd: pytest.CaptureFixture[str]):
    damage(folder / "uid1")
    with pytest.raises(EngineError) as caught:
        list(read_shards(folder))
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert str(folder / "uid1" / named) in caught.value.message
    assert run("dataset", "info", folder) == 2
    told = capfd.readouterr()
    assert told.out == "2 objects, 4 views of 32 pixels\n"
    assert str(folder / "uid1" / named) in told.err
    assert run("dataset", "unpack", folder, "--work", tmp_path / "work") == 2
    assert views.load(tmp_path / "work" / "views").names == ["uid0", "uid2"]


def test_unpack_leaves_out_objects_with_fewer_views(folder: Path, tmp_path: Path,
                                                capfd: pytest.CaptureFixture[str]):
    (folder / "uid2" / "001.npy").unlink()
    assert run("dataset", "unpack", folder, "--work", tmp_path / "work") == 2
    assert "uid2 has 1 views of 32 pixels instead of 2 views of 32 pixels" in capfd.readouterr().err
    assert views.load(tmp_path / "work" / "views").names == ["uid0", "uid1"]


def test_unpack_resizes_images_on_white(folder: Path, tmp_path: Path):
    half = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    half.paste((0, 0, 0, 255), (0, 0, SIZE // 2, SIZE))
    half.save(folder / "uid0" / "000.png")
    data = views.unpack([folder], tmp_path / "views", SilentReporter(), size=8)
    assert data.rgb.shape == (3, 2, 8, 8, 3)
    row = data.rgb[0, 0, 4, :, 0]
    assert row[:3].max() == 0 and row[5:].min() == 255
    np.testing.assert_array_equal(data.rgb[2, 1, 4, 4], [160, 100, 7])


def test_read_shards_follows_the_originals_list(folder: Path) -> None:
    (folder / "valid_paths.json").write_text(json.dumps(["uid2", "uid0"]))
    assert [item.name for item in read_shards(folder)] == ["uid2", "uid0"]
    assert count_objects(folder) == 2


@pytest.mark.parametrize("text", ['{"uid0": 1}', '["../uid0"]', '["/etc"]', "[1]", "no list"])
def test_read_shards_refuses_a_list_of_other_things(folder: Path, text: str) -> None:
    (folder / "valid_paths.json").write_text(text)
    with pytest.raises(EngineError, match=r"valid_paths\.json") as caught:
        list(read_shards(folder))
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_read_shards_names_listed_objects_without_files(folder: Path) -> None:
    (folder / "valid_paths.json").write_text(json.dumps(["uid0", "missing", "uid1"]))
    problems: list[EngineError] = []
    assert [item.name for item in read_shards(folder, problems.append)] == ["uid0", "uid1"]
    assert [str(folder / "missing") in problem.message for problem in problems] == [True]


@pytest.mark.slow
def test_unpack_holds_one_object_in_memory(tmp_path: Path) -> None:
    """Unpacking forty objects takes less than a third of the memory of their images."""
    rng = np.random.default_rng(0)
    poses = np.tile(np.float32([0, 20, 1.85]), (8, 1))
    (tmp_path / "shards").mkdir()
    for shard in range(4):
        write_shard(tmp_path / "shards" / f"{shard}.tar", (
            RenderedObject(f"thing{shard}_{i}", rng.integers(0, 64, (8, 128, 128, 4), np.uint8),
                           poses, {"name": "thing"}) for i in range(10)))
    assert count_objects(tmp_path / "shards") == 40
    tracemalloc.start()
    try:
        data = views.unpack([tmp_path / "shards"], tmp_path / "views", SilentReporter())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert data.rgb.shape == (40, 8, 128, 128, 3)
    assert peak < 40 * 8 * 128 * 128 * 4 / 3
