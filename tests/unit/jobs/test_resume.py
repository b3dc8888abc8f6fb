# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stopped reconstruction resumes and ends with the same bytes as an uninterrupted one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.shapes import BLOCK, photograph
from PIL import Image

from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.jobs import run as jobs
from engine.reconstruction.checkpoint import Checkpoint
from engine.reconstruction.trainer import LearningRates, Level, TrainingRun, is_finite, train

SMALL = {"resolution": 32, "faces": 800, "texture_size": 64, "view_count": 4,
         "input_elevation": 10.0, "device": "cpu"}


class Stopper(SilentReporter):
    """Stops a job at a step of a stage, and counts the reported steps."""

    def __init__(self, stage: str = "", step: int = 0) -> None:
        self.stage, self.step = stage, step
        self.steps: list[tuple[str, int]] = []

    def progress(self, stage: str, done: int, total: int) -> None:
        self.steps.append((stage, done))
        if (stage, done) == (self.stage, self.step):
            raise JobCancelled


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "block.png"
    rgba = photograph(BLOCK, [(0.0, 10.0)], size=128).images[0]
    Image.fromarray((rgba * 255).round().astype(np.uint8)).save(path)
    return path


def request(picture: Path, out: Path, **options) -> ReconstructRequest:
    return ReconstructRequest(image=str(picture), out=str(out), **SMALL, **options)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "stage", "step"), [
    ({"iterations": 20}, "fit", 5),
    ({"iterations": 20}, "fit", 15),
    ({"iterations": 10, "refine": 4}, "refine", 2),
    ({"iterations": 10, "rounds": 1}, "fit 1", 3),
    ({"iterations": 5, "method": "sds"}, "sds", 3),
    ({"iterations": 10, "field": "hash"}, "fit", 6),
], ids=["coarse", "fine", "refine", "rounds", "sds", "hash"])
def test_resumed_run_ends_with_the_same_bytes(picture: Path, tmp_path: Path, options: dict,
                                              stage: str, step: int) -> None:
    jobs.run(request(picture, tmp_path / "whole", **options), SilentReporter())
    with pytest.raises(JobCancelled):
        jobs.run(request(picture, tmp_path / "parts", **options), Stopper(stage, step))
    assert not (tmp_path / "parts").exists()
    assert hidden(tmp_path) == [".parts.resume"]
    again = Stopper()
    jobs.run(request(picture, tmp_path / "parts", **options, resume=True), again)
    done = [number for name, number in again.steps if name == stage]
    assert done[0] == step + 1
    for name in ("mesh.glb", "views/view_001.png"):
        whole, parts = ((tmp_path / folder / name).read_bytes() for folder in ("whole", "parts"))
        assert whole == parts
    assert hidden(tmp_path) == []


def test_views_are_not_sampled_again(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(JobCancelled):
        jobs.run(request(picture, tmp_path / "out", iterations=10), Stopper("fit", 4))
    again = Stopper("surface", 0)
    with pytest.raises(JobCancelled):
        jobs.run(request(picture, tmp_path / "out", iterations=10, resume=True), again)
    assert "sample" not in [stage for stage, _ in again.steps]


@pytest.mark.parametrize("change", [{"seed": 3}, {"resume": False}])
def test_another_request_starts_anew(picture: Path, tmp_path: Path, change: dict) -> None:
    with pytest.raises(JobCancelled):
        jobs.run(request(picture, tmp_path / "out", iterations=10), Stopper("fit", 4))
    again = Stopper("fit", 1)
    with pytest.raises(JobCancelled):
        jobs.run(request(picture, tmp_path / "out", iterations=10, **{"resume": True, **change}),
                 again)
    assert ("fit", 1) in again.steps


def test_nothing_is_left_where_nothing_was_done(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(EngineError):
        jobs.run(request(tmp_path / "bad.png", tmp_path / "out"), SilentReporter())
    assert hidden(tmp_path) == []


def test_checkpoint_load_ignores_damaged_files(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "fit.pt", "key", pytest.fail)
    assert checkpoint.load() is None
    checkpoint.save({"step": 3})
    assert checkpoint.load() == {"step": 3}
    content = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(content[:len(content) // 2])
    assert checkpoint.load() is None


def test_checkpoint_load_ignores_another_key(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "fit.pt", "one", pytest.fail).save({"step": 3})
    assert Checkpoint(tmp_path / "fit.pt", "another", pytest.fail).load() is None


def test_checkpoint_is_due_after_its_interval(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "fit.pt", "key", pytest.fail, every_s=0).due
    assert not Checkpoint(tmp_path / "fit.pt", "key", pytest.fail, every_s=3600).due


def test_checkpoint_warns_if_it_cannot_be_saved(tmp_path: Path) -> None:
    """A file is in place of the folder, which fails like a full disk, also for root."""
    (tmp_path / "taken").write_text("")
    warnings: list[str] = []
    checkpoint = Checkpoint(tmp_path / "taken" / "fit.pt", "key", warnings.append, every_s=0)
    checkpoint.save({"step": 1})
    assert len(warnings) == 1
    assert "cannot be saved" in warnings[0]
    assert checkpoint.load() is None


def test_train_keeps_the_state_before_a_nan(tmp_path: Path) -> None:
    field = VoxelField(cube(4))
    before = []

    def objective(field: VoxelField, step: int) -> torch.Tensor:
        if step == 3:
            before.append(field.raw.detach().clone())
        factor = float("nan") if step == 3 else 1.0
        return (field.raw.square().sum() * factor)

    checkpoint = Checkpoint(tmp_path / "fit.pt", "key", pytest.fail)
    with pytest.raises(EngineError, match="NaN or infinite at step 4 of 10") as caught:
        train(field, Level(objective, LearningRates(0.1, 1.0, torch.zeros(4))), 10,
              TrainingRun(torch.Generator(), checkpoint=checkpoint))
    assert caught.value.code is ErrorCode.INTERNAL
    kept = checkpoint.load()
    assert kept is not None
    assert kept["step"] == 3
    torch.testing.assert_close(kept["parameters"][0], before[0])


def test_train_resumes_after_a_nan_at_half_the_rate(tmp_path: Path) -> None:
    """Adam's first steps are as long as its rate, because the gradient is constant here."""
    told: list[str] = []
    lengths: list[float] = []

    def run(bad_step: int) -> None:
        field = VoxelField(cube(4))
        last: list[torch.Tensor] = []

        def objective(field: VoxelField, step: int) -> torch.Tensor:
            if last:
                lengths.append(float((field.raw.detach() - last[0]).abs().max()))
            last[:] = [field.raw.detach().clone()]
            return field.raw.sum() * (float("inf") if step == bad_step else 1.0)

        checkpoint = Checkpoint(tmp_path / "fit.pt", "key", told.append)
        train(field, Level(objective, LearningRates(0.1, 1.0, torch.zeros(4))), 10,
              TrainingRun(torch.Generator(), checkpoint=checkpoint))

    for _ in range(2):
        with pytest.raises(EngineError, match="step 4 of 10") as caught:
            run(bad_step=3)
        assert "resume" in caught.value.hint
    run(bad_step=-1)
    assert lengths == pytest.approx(3 * [0.1] + 6 * [0.025], rel=1e-3)
    assert [text.partition(":")[0] for text in told] == 2 * [
        "the loss became NaN or infinite at step 4"]


def test_is_finite_checks_loss_and_gradients() -> None:
    value = torch.zeros(2, requires_grad=True)
    assert is_finite(torch.tensor(1.0), [value])
    assert not is_finite(torch.tensor(float("nan")), [value])
    value.grad = torch.tensor([1.0, float("inf")])
    assert not is_finite(torch.tensor(1.0), [value])
