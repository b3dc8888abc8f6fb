# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch's model: missing, restricted, not needed, or on another computer."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest
from helpers.batches import QUICK, make_pictures, status
from helpers.command_line import run
from helpers.shapes import BLOCK, photograph

from engine.batch.actor import Actor, Task
from engine.models.model_cache import ModelCache, model_cache
from engine.remote.archive import pack


@pytest.mark.slow
def test_batch_needs_its_only_model_before_it_begins(
        tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pictures = make_pictures(tmp_path, "a", "b")
    out = tmp_path / "out"
    assert run("batch", *pictures, "--kind", "views", "--out", out, "--model", "mine") == 3
    assert {name: item["state"] for name, item in status(out).items()} == {
        "a": "waiting", "b": "waiting"}
    assert capsys.readouterr().err.count("the model 'mine' is not in the catalogue") == 1
    (tmp_path / "table.csv").write_text(
        f"image,model\n{pictures[0]},mine\n{pictures[1]},{tiny_model}\n")
    out = tmp_path / "other"
    assert run("batch", tmp_path / "table.csv", "--kind", "views", "--out", out, "--steps", 1,
               *QUICK) == 3
    assert {name: item["state"] for name, item in status(out).items()} == {
        "a": "failed", "b": "done"}


@pytest.mark.slow
def test_actor_loads_its_model_once_despite_bad_images(
        tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drops: list[None] = []
    monkeypatch.setattr(ModelCache, "drop", lambda self: drops.append(None))
    monkeypatch.setattr(model_cache, "pipeline", None)
    (picture,) = make_pictures(tmp_path, "a")
    (tmp_path / "bad.png").write_text("no picture")

    def task(path: Path) -> Task:
        content = io.BytesIO()
        pack([(path, f"image/{path.name}")], content)
        return Task("views", {"model": str(tiny_model), "out": "a", "steps": 1,
                              "input_elevation": 10.0, "detail": "off"},
                     content.getvalue(), {"image": f"image/{path.name}"})

    actor = Actor()
    made = [actor.make(task(path)) for path in (picture, tmp_path / "bad.png", picture)]
    assert [bool(outcome.error) for outcome in made] == [False, True, False]
    assert made[1].error
    assert made[1].error["code"] == "bad-input"
    assert made[1].folder in made[1].error["message"], "which is told by its name here"
    assert len(drops) == 1, "before the only time that a model is loaded"
    assert not Path(made[0].folder).exists()


def test_batch_names_the_missing_ray(tmp_path: Path, capfd: pytest.CaptureFixture[str],
                                     monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    make_pictures(tmp_path, "a")
    assert run("batch", tmp_path / "a.png", "--out", tmp_path / "out", "--ray", "auto") == 7
    said = capfd.readouterr().err
    assert said.startswith("error environment: Ray is not installed")
    assert "engine/requirements-ray.txt" in said


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_batch_needs_the_licence_before_it_begins(
        workers: int, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
    shutil.copytree(tiny_model, tmp_path / "models" / "zero123-xl")
    out = tmp_path / "out"
    command = ("batch", *make_pictures(tmp_path, "a", "b"), "--kind", "views", "--out", out,
               "--model", "zero123-xl", "--steps", 1, *QUICK, "--workers", workers)
    assert run(*command) == 2
    assert capsys.readouterr().err.count("licence of zero123-xl must be accepted") == 1
    assert {item["state"] for item in status(out).values()} == {"waiting"}
    assert run("models", "accept", "zero123-xl") == 0
    assert run(*command, "--workers", 1) == 0


@pytest.mark.slow
def test_batch_of_given_views_needs_no_model(tiny_model: Path, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
    model = shutil.copytree(tiny_model, tmp_path / "models" / "mine")
    pictures = make_pictures(tmp_path, "a")
    command = ("batch", *pictures, "--kind", "views", "--out", tmp_path / "out", "--model", "mine",
               "--steps", 1, *QUICK)
    assert run(*command) == 0
    shutil.rmtree(model)
    assert run(*command) == 0
    (tmp_path / "table.csv").write_text("image,views\n,views.json\n")
    photograph(BLOCK, [(angle, 10.0) for angle in range(0, 360, 60)]).save(tmp_path)
    assert run("batch", tmp_path / "table.csv", "--out", tmp_path / "meshes", "--model", "mine",
               "--resolution", 32, "--iterations", 5, "--faces", 200, "--texture-size", 64) == 0
