# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test sets in other layouts: images, cameras and meshes are read; bad entries are named."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from helpers.command_line import run
from PIL import Image

from engine.camera import camera_position, camera_to_world
from engine.core.errors import EngineError
from engine.evaluation.datasets import RTMV_FRAMES, fitted, read_objects
from engine.imaging.view_set import ViewSet
from engine.training.shards import RenderedObject, write_shard

SIZE = 32
NAMES = ["chair", "cup", "shoe"]
POSE = np.array([[0, 20, 1.8], [40, 10, 1.7], [250, -5, 2.0]])


def colour(name: str, view: int) -> tuple[int, int, int, int]:
    return 60 * NAMES.index(name), 40 * view, 7, 255


def box(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    trimesh.creation.box((1, 0.5, 0.5)).export(path)


def plain(folder: Path, name: str) -> None:
    images = np.stack([np.full((SIZE, SIZE, 4), colour(name, view), np.float32) / 255
                       for view in (1, 2)])
    ViewSet(images, *POSE[1:].T, np.zeros(2, int),
            meta={"input": {"elevation_deg": 20.0, "radius": 1.8}}).save(folder)
    Image.new("RGBA", (SIZE, SIZE), colour(name, 0)).save(folder / "input.png")
    box(folder / "mesh.obj")


def google(folder: Path, name: str) -> None:
    views = folder / "render_mvs_25" / "model"
    views.mkdir(parents=True)
    for view, matrix in enumerate(camera_to_world(*POSE.T)):
        np.save(views / f"{view:03d}.npy", np.linalg.inv(matrix)[:3])
        Image.new("RGBA", (SIZE, SIZE), colour(name, view)).save(views / f"{view:03d}.png")
    box(folder / "meshes" / "model.obj")


def rtmv(folder: Path, name: str) -> None:
    """A scene with a box 4 long around (1, 2, 3), in linear colours."""
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
    import cv2

    folder.mkdir()
    pose = np.concatenate([POSE, np.tile(POSE[:1], (RTMV_FRAMES - 2, 1))])  # one more than is read
    for view, camera in enumerate(camera_to_world(*pose.T)):
        camera[:3, 3] = camera[:3, 3] * 4 + [1, 2, 3]
        (folder / f"{view:05d}.json").write_text(json.dumps({"camera_data": {
            "cam2world": camera.T.tolist(), "scene_min_3d_box": [-1, 1, 2],
            "scene_max_3d_box": [3, 3, 4]}}))
        srgb = np.array(colour(name, min(view, 2)), np.float32)[[2, 1, 0, 3]] / 255
        linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
        linear[3] = 1
        cv2.imwrite(str(folder / f"{view:05d}.exr"),
                    np.tile(linear.astype(np.float32), (SIZE, SIZE, 1)))


LAYOUTS = {"plain": plain, "google": google, "rtmv": rtmv}


@pytest.fixture(params=LAYOUTS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    place = tmp_path / request.param
    place.mkdir()
    for name in NAMES:
        LAYOUTS[request.param](place / name, name)
    return place


def test_read_objects_reads_every_layout(folder: Path) -> None:
    things = list(read_objects(folder))
    assert [thing.rendered.name for thing in things] == NAMES
    for thing in things:
        rendered = thing.rendered
        assert len(rendered.rgba) == len(rendered.pose)
        assert len(rendered.rgba) == (RTMV_FRAMES if folder.name == "rtmv" else 3)
        np.testing.assert_allclose(camera_position(*rendered.pose[:3].T), camera_position(*POSE.T),
                                   atol=1e-5)
        assert [tuple(view[3, 5]) for view in rendered.rgba[:3]] == [
            colour(rendered.name, view) for view in range(3)]
        assert (thing.mesh is None) == (folder.name == "rtmv")


DAMAGES: dict[str, list[Callable[[Path], None]]] = {
    "plain": [lambda path: (path / "views.json").write_text("{"),
              lambda path: (path / "view_001.png").unlink(),
              lambda path: (path / "input.png").unlink(),
              lambda path: (path / "views.json").unlink(),
              lambda path: Image.new("RGBA", (64, 64)).save(path / "input.png")],
    "google": [lambda path: (path / "render_mvs_25/model/001.png").write_bytes(b"no picture"),
               lambda path: np.save(path / "render_mvs_25/model/001.npy", np.eye(4)),
               lambda path: shutil.rmtree(path / "render_mvs_25")],
    "rtmv": [lambda path: (path / "00003.json").unlink(),
             lambda path: (path / "00003.json").write_text('{"camera_data": {}}'),
             lambda path: (path / "00003.json").write_text("[]"),
             lambda path: (path / "00016.exr").write_bytes(b"no picture"),
             lambda path: (path / "00002.exr").unlink()],
}


def test_read_objects_names_bad_entries(folder: Path) -> None:
    for damage in DAMAGES[folder.name]:
        shutil.rmtree(folder / "cup")
        LAYOUTS[folder.name](folder / "cup", "cup")
        damage(folder / "cup")
        problems: list[EngineError] = []
        things = list(read_objects(folder, problems.append))
        assert [thing.rendered.name for thing in things] == ["chair", "shoe"]
        assert [str(folder / "cup") in problem.message for problem in problems] == [True]
        with pytest.raises(EngineError):
            list(read_objects(folder))


def test_evaluate_views_exit_code_reports_damage(
        folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    DAMAGES[folder.name][0](folder / "chair")
    out = tmp_path / "scores.json"
    assert run("evaluate", "views", folder, "--first", 1, "--steps", 1, "--out", out) == 2
    record = json.loads(out.read_text())
    assert record["objects"] == 1 and str(folder / "chair") in record["left_out"][0]
    assert "1 inputs were left out" in capsys.readouterr().err


@pytest.mark.slow
def test_evaluate_meshes_uses_the_folders_meshes(tmp_path: Path) -> None:
    for name in NAMES:
        plain(tmp_path / "set" / name, name)
    (tmp_path / "set" / "cup" / "mesh.obj").unlink()
    box(tmp_path / "theirs" / "chair.glb")
    box(tmp_path / "theirs" / "shoe.glb")
    assert run("evaluate", "meshes", tmp_path / "set", "--predictions", tmp_path / "theirs",
               "--out", tmp_path / "out") == 2
    record = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert set(record["objects"]) == {"chair", "shoe"} and record["mean"]["iou"] == 1
    assert "the mesh of cup" in record["left_out"][0]


def test_fitted_resizes_images_to_a_multiple() -> None:
    rgba = np.zeros((1, 50, 50, 4), np.uint8)
    rgba[:, :25] = (200, 100, 50, 255)
    small = fitted(RenderedObject("thing", rgba, POSE[:1], {}), 16).rgba
    assert small.shape == (1, 16, 16, 4)
    assert small[0, 2, 3].tolist() == small[0, 7, 3].tolist() == [200, 100, 50, 255]
    assert small[0, 12, 3, 3] == 0
    assert fitted(RenderedObject("thing", rgba, POSE[:1], {}), 25).rgba is rgba


def test_read_objects_reads_shards(tmp_path: Path) -> None:
    (tmp_path / "views").mkdir()
    rgba = np.full((3, SIZE, SIZE, 4), 255, np.uint8)
    write_shard(tmp_path / "views" / "0.tar", [RenderedObject("chair", rgba, POSE, {})])
    box(tmp_path / "meshes" / "chair.glb")
    (thing,) = read_objects(tmp_path)
    assert thing.mesh == tmp_path / "meshes" / "chair.glb"
    (bare,) = read_objects(tmp_path / "views")
    assert bare.mesh is None and bare.rendered.name == "chair"
