# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An import needs little memory, and a killed one leaves no files behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.command_line import run

from engine.core.errors import EngineError, ErrorCode
from engine.core.staging import staged_folder
from engine.models import import_checkpoint, load_pipeline
from engine.models.stale_files import alone_at, remove_stale_files
from engine.models.weights import save_pipeline

HANGING_IMPORT = """
import sys, time
from engine.models import import_checkpoint
from engine.core.reporting import SilentReporter

class Hanging(SilentReporter):
    def progress(self, stage, done, total):
        if done == 1:
            print("half", flush=True)
            time.sleep(600)

import_checkpoint(sys.argv[1], sys.argv[2], out=sys.argv[3], reporter=Hanging())
"""


def test_save_pipeline_writes_the_libraries_layout(tmp_path: Path) -> None:
    nano = load_pipeline("nano", "cpu")
    nano.save_pretrained(tmp_path / "theirs")
    (tmp_path / "ours").mkdir()
    save_pipeline(nano, tmp_path / "ours", None, lambda: None)
    theirs, ours = ({path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*")}
                    for name in ("theirs", "ours"))
    assert ours == theirs
    loaded = load_pipeline(str(tmp_path / "ours"), "cpu")
    for name in ("unet", "vae", "image_encoder", "cc_projection"):
        pairs = zip(getattr(nano, name).state_dict().items(),
                    getattr(loaded, name).state_dict().items(), strict=True)
        assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_save_pipeline_makes_no_copy_of_the_weights(tmp_path: Path) -> None:
    """The largest network has 320 MB."""
    pipeline = load_pipeline("nano", "cpu", "float32")
    pipeline.cc_projection.projection = torch.nn.Linear(8000, 10_000, bias=False)
    (tmp_path / "out").mkdir()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _status_mb("VmRSS")
    save_pipeline(pipeline, tmp_path / "out", None, lambda: None)
    assert _status_mb("VmHWM") - before < 100


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    raise AssertionError


@pytest.fixture(scope="module")
def leftover(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder after an import was killed in the middle."""
    models = tmp_path_factory.mktemp("killed") / "models"
    golden = shared_dir / "golden"
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING_IMPORT, golden / "checkpoint.ckpt", golden / "config.yaml",
         models / "mine"], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    assert remove_stale_files(models) == [], "it is alive"
    with pytest.raises(EngineError) as caught:
        import_checkpoint(golden / "checkpoint.ckpt", golden / "config.yaml", out=models / "mine")
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert len(list(models.glob(".mine.*.tmp"))) == 1
    process.kill()
    process.communicate()
    assert len(list(models.glob(".mine.*.tmp"))) == 1
    return models


@pytest.fixture
def killed(leftover: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, as the models folder."""
    models = shutil.copytree(leftover, tmp_path / "models")
    monkeypatch.setenv("ZERO123_MODELS", str(models))
    return models


@pytest.mark.slow
def test_import_removes_files_of_killed_imports(killed: Path,
                                                shared_dir: Path) -> None:
    import_checkpoint(shared_dir / "golden" / "checkpoint.ckpt",
                      shared_dir / "golden" / "config.yaml", out=killed / "mine")
    assert [path.name for path in killed.iterdir()] == ["mine"]


@pytest.mark.slow
def test_models_verb_removes_files_of_killed_imports(killed: Path) -> None:
    assert run("models", "list") == 0
    assert list(killed.iterdir()) == []


def test_stale_files_of_running_imports_are_kept(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / ".old.01234567.tmp").mkdir()
    (tmp_path / ".mine.01234567.tmp").mkdir()
    (tmp_path / ".other.tmp").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".link.01234567.tmp").symlink_to(tmp_path / "elsewhere")
    with alone_at(tmp_path / "new"), staged_folder(tmp_path / "new") as stage:
        assert remove_stale_files(tmp_path) == ["mine", "old"]
        assert stage.is_dir()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        ".link.01234567.tmp", ".other.tmp", "elsewhere", "new", "old"]
