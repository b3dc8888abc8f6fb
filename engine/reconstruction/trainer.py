# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisation loop of all reconstruction methods: a field, an objective, Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..core.errors import EngineError, ErrorCode, JobCancelled
from ..fields.field import Field
from .checkpoint import Checkpoint
from .interrupts import interrupts_held

ADAM_EPSILON = 1e-7
"""Adam's epsilon. Gradients far below it do not move a voxel; with the default of 1e-8, a
single ray that grazes a voxel does."""
ADAM_BETAS = (0.9, 0.99)
"""Adam's betas in threestudio (zero123.yaml): the second moment adapts to quick changes."""
BACKOFF = 0.5
"""Factor on all learning rates when a run is resumed at a step whose loss was not finite."""
COARSE_SHARE = 0.4
"""Share of the iterations spent at half the resolution, where a step costs about an eighth."""

OnStep = Callable[[int, int, Field], None]
"""Called after every step with the number of steps done, their total, and the field. It may raise
to stop the optimisation."""

Objective = Callable[[Field, int], Tensor]
"""The loss of a field at a step, counted from 0."""


MakeOptimiser = Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
"""Makes an optimiser of parameter groups with their learning rates."""


def adam(groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """Adam as every method but Score Jacobian Chaining uses it."""
    return torch.optim.Adam(groups, betas=ADAM_BETAS, eps=ADAM_EPSILON, fused=True)


def adamax(groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """Adamax with torch's defaults, as in the original's run_zero123.py."""
    return torch.optim.Adamax(groups)


@dataclass(frozen=True)
class LearningRates:
    """Learning rates and smoothing factors of one level of resolution."""

    learning_rate: float
    """Learning rate of Adam at the first step, in raw grid units."""
    decay: float
    """Factor on all learning rates at the last step, reached exponentially."""
    smoothing: Tensor
    """Factors in [0, 0.25], one per grid channel, by which voxels approach their neighbours in the
    first step."""
    smoothing_decay: float = 1.0
    """Factor on `smoothing` at the last step, reached exponentially."""
    optimiser: MakeOptimiser = adam


@dataclass(frozen=True)
class Level:
    """The objective and the learning rates at one level of resolution."""

    objective: Objective
    rates: LearningRates
    parameters: Sequence[dict[str, Any]] = ()
    """Adam's parameter groups of anything besides the field that the objective depends on."""


class TrainingStage(Protocol):
    """An optimisation over several levels of resolution."""

    def begin(self, field: Field, steps: range) -> Level:
        """Prepare a level: `steps` are spent on it, of all steps counted from 0."""

    def end(self, field: Field) -> None:
        """Conclude a level; the next one may use what was learned."""

    def state(self) -> dict[str, Tensor]:
        """All values that `end` has changed so far, for a checkpoint."""

    def restore(self, state: dict[str, Tensor]) -> None:
        """Restore the values that `state` returned."""


@dataclass(frozen=True)
class TrainingRun:
    """The resources of an optimisation: randomness, checkpoint, progress and previews."""

    generator: torch.Generator
    """The source of all randomness; its state is part of a checkpoint."""
    on_step: OnStep = lambda done, total, field: None
    checkpoint: Checkpoint | None = None
    """Storage for the state of a stopped run; None: a stopped run cannot be resumed."""


def train_coarse_to_fine(field: Field, stage: TrainingStage, iterations: int,
                         run: TrainingRun) -> Field:
    """Optimise a field first at half its resolution, then at its own.

    Raises:
        EngineError: as `train`.
    """
    saved = run.checkpoint.load() if run.checkpoint else None
    if saved:
        stage.restore(saved["problem"])
    coarse = round(iterations * COARSE_SHARE)
    fine = field.voxel_grid
    levels = ((fine.with_voxel_size(2 * fine.voxel_size), range(coarse)),
              (fine, range(coarse, iterations)))
    for number, (voxel_grid, steps) in enumerate(levels):
        if saved and number < saved["level"]:
            continue
        field = field.resampled(voxel_grid)
        loop = _Loop(field, stage.begin(field, steps), steps, run)
        loop.context = {"level": number, "problem": stage.state()}
        loop.run_all(iterations, saved)
        saved = None
        stage.end(field)
    return field


def train(field: Field, level: Level, iterations: int, run: TrainingRun) -> None:
    """Minimise an objective over a field, in place, at the field's own resolution.

    The run's checkpoint receives the state once a minute and when the job is stopped, also by
    Ctrl-C, at the end of a step. A run that finds such a state resumes from it.

    Raises:
        EngineError: `INTERNAL` if the loss or its gradient is not finite. The checkpoint then holds
            the state before that step; a resumed run takes it with lower learning rates.
    """
    saved = run.checkpoint.load() if run.checkpoint else None
    _Loop(field, level, range(iterations), run).run_all(iterations, saved)


class _Loop:
    """The steps of one level."""

    def __init__(self, field: Field, level: Level, steps: range, run: TrainingRun) -> None:
        self.field, self.level, self.steps, self.run = field, level, steps, run
        rates = level.rates
        groups = [*field.parameter_groups(rates.learning_rate), *level.parameters]
        self.parameters = [value for group in groups for value in group["params"]]
        self.optimiser = rates.optimiser(groups)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(
            self.optimiser, rates.decay ** (1 / max(len(steps), 1)))
        self.smoothing = rates.smoothing.to(field.device)
        self.context: dict[str, Any] = {}
        """Stored in the checkpoint beside the loop's own state."""

    def run_all(self, total: int, saved: dict[str, Any] | None) -> None:
        """Run all steps, or those after a saved state. `total`: steps of the whole optimisation."""
        checkpoint, steps = self.run.checkpoint, self.steps
        first = self._restore(saved) if saved else 0
        with interrupts_held() as stop_if_interrupted:
            for step in range(first, len(steps)):
                self._take(step, total)
                if checkpoint and checkpoint.due:
                    self._save(step + 1)
                try:
                    self.run.on_step(steps[step] + 1, total, self.field)
                    stop_if_interrupted()
                except (JobCancelled, KeyboardInterrupt):
                    self._save(step + 1)
                    raise

    def _take(self, step: int, total: int) -> None:
        """Do one step of Adam, and smooth along one axis."""
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.level.objective(self.field, step)
        loss.backward()
        if not is_finite(loss, self.parameters):
            for group in self.optimiser.param_groups:
                group["lr"] *= BACKOFF
            self._save(step, failed=True)
            raise _not_finite(self.steps[step] + 1, total)
        self.optimiser.step()
        self.schedule.step()
        fading = self.level.rates.smoothing_decay ** (step / len(self.steps))
        self.field.smooth(self.smoothing * fading, axis=step % 3)

    def _save(self, done: int, failed: bool = False) -> None:
        if self.run.checkpoint:
            self.run.checkpoint.save({
                **self.context, "step": done, "failed": failed,
                "optimiser": self.optimiser.state_dict(),
                "parameters": [value.detach() for value in self.parameters],
                "schedule": self.schedule.state_dict(),
                "generator": self.run.generator.get_state()})

    def _restore(self, saved: dict[str, Any]) -> int:
        """Continue from a saved state. Returns the number of steps already done."""
        with torch.no_grad():
            for value, kept in zip(self.parameters, saved["parameters"], strict=True):
                value.copy_(kept)
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        self.run.generator.set_state(saved["generator"])
        done = int(saved["step"])
        if self.run.checkpoint and saved.get("failed"):
            self.run.checkpoint.warn(
                f"the loss became NaN or infinite at step {self.steps[done] + 1}: resuming from "
                f"the step before, with learning rates times {BACKOFF:g}")
        return done


def _not_finite(step: int, total: int) -> EngineError:
    return EngineError(
        ErrorCode.INTERNAL, f"the loss became NaN or infinite at step {step} of {total}",
        "continue at lower learning rates by `resume`, or try another seed, or a lower guidance "
        "scale if the method uses one")


def is_finite(loss: Tensor, parameters: Sequence[Tensor]) -> bool:
    """Whether the loss and all gradients are finite: a NaN would spread over the whole field."""
    sums = [value.grad.sum() for value in parameters if value.grad is not None]
    return bool(torch.stack([loss.detach(), *sums]).sum().isfinite())
