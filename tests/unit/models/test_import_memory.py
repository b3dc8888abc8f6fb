# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An import takes little memory, and leaves nothing behind even if it is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.command_line import run
from safetensors import safe_open
from safetensors.torch import load_file

from engine.core.errors import EngineError, ErrorCode
from engine.core.staging import staged_folder
from engine.models import import_checkpoint, load_pipeline
from engine.models.stale_files import alone_at, remove_stale_files
from engine.models.weights import save_pipeline, write_safetensors

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


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(6, 10, generator=generator)
    return {"b.weight": weight, "turned": weight.T, "part": weight[2:4],
            "odd": torch.zeros(3, dtype=torch.float16), "count": torch.tensor(7),
            "flags": torch.tensor([True, False, True]), "empty": torch.zeros(0, 4),
            "brain": torch.ones(3, dtype=torch.bfloat16)}


@pytest.mark.parametrize("dtype", [None, torch.float16, torch.bfloat16])
def test_the_file_is_what_the_library_reads(tensors: dict[str, torch.Tensor], tmp_path: Path,
                                            dtype: torch.dtype | None) -> None:
    write_safetensors(tmp_path / "w.safetensors", tensors, dtype)
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        expected = value.to(dtype) if dtype and value.is_floating_point() else value
        assert found[name].dtype == expected.dtype, name
        assert torch.equal(found[name], expected), name
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_a_saved_pipeline_is_the_librarys(tmp_path: Path) -> None:
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


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for memory")
def test_one_tensor_at_a_time_is_converted(tmp_path: Path) -> None:
    """As a whole, it would be 160 MB."""
    tensors = {f"layer{i}": torch.ones(5_000_000, dtype=torch.float16) for i in range(16)}
    before, seen = _anonymous_mb(), []
    write_safetensors(tmp_path / "w.safetensors", tensors, torch.bfloat16,
                      lambda: seen.append(_anonymous_mb()))
    assert len(seen) == len(tensors)
    assert max(seen) - before < 20


def _anonymous_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000
    raise AssertionError


@pytest.fixture
def killed(shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder after an import was killed in the middle."""
    models = tmp_path / "models"
    monkeypatch.setenv("ZERO123_MODELS", str(models))
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


def test_what_a_killed_import_has_left_goes_with_the_next_one(killed: Path,
                                                              shared_dir: Path) -> None:
    import_checkpoint(shared_dir / "golden" / "checkpoint.ckpt",
                      shared_dir / "golden" / "config.yaml", out=killed / "mine")
    assert [path.name for path in killed.iterdir()] == ["mine"]


def test_what_a_killed_import_has_left_goes_with_a_verb(killed: Path) -> None:
    assert run("models", "list") == 0
    assert list(killed.iterdir()) == []


def test_work_that_goes_on_is_let_be(tmp_path: Path) -> None:
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
