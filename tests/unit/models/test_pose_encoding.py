# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose encoding of a checkpoint comes from evidence or from the user, never from a guess."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.models import find_model
from engine.models.identity import evidence_of_file

pytestmark = pytest.mark.golden


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def run(shared_dir: Path, tmp_path: Path):
    """Imports the tiny checkpoint under a file name."""
    def imported(file: str, *options: str, source: str = "checkpoint.ckpt") -> int:
        shutil.copy(shared_dir / "golden" / source, tmp_path / file)
        return main(["models", "import", str(tmp_path / file), "--config",
                     str(shared_dir / "golden" / "config.yaml"), *options])
    return imported


def encoding(folder: Path) -> str:
    return json.loads((folder / "model_index.json").read_text())["pose_encoding"]


def test_import_model_detects_stable_under_any_file_name(run, models):
    assert run("stable_zero123.ckpt", "--name", "mine", "--accept-licence") == 0
    assert encoding(models / "mine") == "stable"


def test_import_model_detects_stable_in_any_folder(run, tmp_path):
    assert run("stable_zero123.ckpt", "--out", str(tmp_path / "out"), "--accept-licence") == 0
    assert encoding(tmp_path / "out") == "stable"


@pytest.mark.parametrize("target", [("--name", "mine"), ("--out", "folder")])
def test_import_model_requires_licence_under_any_name(run, models, target, capsys, tmp_path,
                                                      monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("stable_zero123.ckpt", *target) == 2
    assert "licence of stable-zero123 must be accepted" in capsys.readouterr().err
    assert not models.exists() or not list(models.iterdir())
    assert not (tmp_path / "folder").exists()


def test_import_model_stable_encoding_requires_licence(run, capsys):
    assert run("renamed.ckpt", "--pose-encoding", "stable") == 2
    assert "licence of stable-zero123" in capsys.readouterr().err


def test_import_model_refuses_unknown_pose_encoding(run, capsys, models):
    assert run("renamed.ckpt", "--name", "mine") == 2
    error = capsys.readouterr().err
    assert "--pose-encoding zero123" in error
    assert "--pose-encoding stable" in error
    assert run("renamed.ckpt", "--name", "mine", "--pose-encoding", "zero123") == 0
    assert encoding(models / "mine") == "zero123"


def test_import_model_refuses_contradictory_evidence(run, capsys):
    assert run("stable_zero123.ckpt", "--name", "zero123-xl", "--accept-licence") == 2
    assert "different pose encodings" in capsys.readouterr().err


def test_import_model_detects_zero123_training_state(run, models):
    assert run("renamed.ckpt", "--name", "mine", source="checkpoint_lightning.ckpt") == 0
    assert encoding(models / "mine") == "zero123"


@pytest.mark.parametrize("entry", ["stable-zero123", "zero123-xl"])
def test_evidence_of_file_detects_published_size(tmp_path, entry):
    info = find_model(entry)
    with (tmp_path / "renamed.ckpt").open("wb") as file:
        os.truncate(file.fileno(), info.size_bytes + 1000)
    (found,) = evidence_of_file(tmp_path / "renamed.ckpt")
    assert found.pose_encoding == info.pose_encoding
