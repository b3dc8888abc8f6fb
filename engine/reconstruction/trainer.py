# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop that every reconstruction method shares: a field, an objective, Adam."""

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
"""Gradients far below this don't move a voxel: with the usual 1e-8, one faint glance does."""
LESS = 0.5
"""What is left of all rates after a step that came to no finite number."""
COARSE_SHARE = 0.4
"""Part of the iterations spent on a grid of half the resolution."""

OnStep = Callable[[int, int, Field], None]
"""Told of every step: how many are done, of all, and the field so far. It may raise to stop."""

Objective = Callable[[Field, int], Tensor]
"""Loss of the field at a step. What it learns from (views, a score) is its own business."""


class Problem(Protocol):
    """What a reconstruction method asks of a field, level by level."""

    def begin(self, field: Field, steps: range) -> Objective:
        """The objective of a level's field; `steps` of all iterations are spent on it."""

    @property
    def rates(self) -> Rates:
        """How fast the field changes on the level that has begun."""

    def parameters(self) -> Sequence[dict[str, Any]]:
        """What else the current objective depends on, as parameter groups with their own rates."""

    def end(self, field: Field) -> None:
        """The level is done; the next one may build on what was learned."""

    def state(self) -> dict[str, Tensor]:
        """What `end` has changed so far."""

    def restore(self, state: dict[str, Tensor]) -> None:
        """Put back what `state` gave."""


@dataclass(frozen=True)
class Rates:
    """How fast the field changes."""

    learning_rate: float
    """Of Adam at the first step of a level, in raw grid units."""
    decay: float
    """What is left of all rates at the last step of a level."""
    smoothing: Tensor
    """Factors in [0, 0.25], one per grid channel, by which voxels approach their neighbours at the
    first step of a level."""
    smoothing_decay: float = 1.0
    """What is left of them at the last step of a level."""


def coarse_to_fine(field: Field, problem: Problem, *, iterations: int,
                   generator: torch.Generator, on_step: OnStep,
                   checkpoint: Checkpoint | None = None) -> Field:
    """The field that solves the problem: first at half its resolution, then at its own.

    `generator`: whatever the problem draws from. With a checkpoint, a stopped run goes on where it
    was.
    """
    saved = checkpoint.load() if checkpoint else None
    if saved:
        problem.restore(saved["problem"])
    coarse = round(iterations * COARSE_SHARE)
    fine = field.voxel_grid
    levels = ((fine.with_voxel_size(2 * fine.voxel_size), range(coarse)),
              (fine, range(coarse, iterations)))
    for number, (voxel_grid, steps) in enumerate(levels):
        if saved and number < saved["level"]:
            continue
        field = field.resampled(voxel_grid)
        objective = problem.begin(field, steps)
        optimise(field, objective, steps, iterations, problem.rates, others=problem.parameters(),
                 generator=generator, checkpoint=checkpoint, saved=saved, on_step=on_step,
                 context={"level": number, "problem": problem.state()})
        saved = None
        problem.end(field)
    return field


def optimise(field: Field, objective: Objective, steps: range, total: int, rates: Rates, *,
             on_step: OnStep, generator: torch.Generator,
             others: Sequence[dict[str, Any]] = (), checkpoint: Checkpoint | None = None,
             saved: dict[str, Any] | None = None, context: dict[str, Any] | None = None) -> None:
    """Minimise `objective` over the field, in place, for these `steps` of `total`.

    The objective's steps count from 0. `others`: parameter groups of Adam with their own rates.
    `checkpoint` receives the state, together with `context`, now and then and when the job is
    stopped, also by Ctrl-C, at the end of a step; `saved` is such a state to go on from.

    Raises:
        EngineError: `INTERNAL` if the loss or its gradient isn't finite; the checkpoint then holds
            the state before that step, with `LESS` of the rates: the same step at the same rates
            would come to the same end.
    """
    groups = [*field.parameter_groups(rates.learning_rate), *others]
    optimiser = torch.optim.Adam(groups, betas=(0.9, 0.99), eps=ADAM_EPSILON, fused=True)
    schedule = torch.optim.lr_scheduler.ExponentialLR(
        optimiser, rates.decay ** (1 / max(len(steps), 1)))
    parameters = [value for group in groups for value in group["params"]]
    smoothing = rates.smoothing.to(field.device)
    first = 0
    if saved:
        first = saved["step"]
        with torch.no_grad():
            for value, kept in zip(parameters, saved["parameters"], strict=True):
                value.copy_(kept)
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        generator.set_state(saved["generator"])
        if checkpoint and saved.get("failed"):
            checkpoint.warn(f"step {steps[first] + 1} came to no finite number: going on from the "
                            f"one before, with learning rates times {LESS:g}")

    def save(done: int, failed: bool = False) -> None:
        if checkpoint:
            checkpoint.save({
                **(context or {}), "step": done, "failed": failed,
                "optimiser": optimiser.state_dict(),
                "parameters": [value.detach() for value in parameters],
                "schedule": schedule.state_dict(), "generator": generator.get_state()})

    with interrupts_held() as stop_if_interrupted:
        for step in range(first, len(steps)):
            optimiser.zero_grad(set_to_none=True)
            loss = objective(field, step)
            loss.backward()
            if not is_sound(loss, parameters):
                for group in optimiser.param_groups:
                    group["lr"] *= LESS
                save(step, failed=True)
                raise _no_number(steps[step] + 1, total)
            optimiser.step()
            schedule.step()
            field.smooth(smoothing * rates.smoothing_decay ** (step / len(steps)), axis=step % 3)
            if checkpoint and checkpoint.due:
                save(step + 1)
            try:
                on_step(steps[step] + 1, total, field)
                stop_if_interrupted()
            except (JobCancelled, KeyboardInterrupt):
                save(step + 1)
                raise


def _no_number(step: int, total: int) -> EngineError:
    return EngineError(
        ErrorCode.INTERNAL, f"step {step} of {total} came to no finite number",
        "go on at lower learning rates by `resume`, or try another seed, or a lower guidance scale "
        "if the method uses one")


def is_sound(loss: Tensor, parameters: Sequence[Tensor]) -> bool:
    """Whether a step can be taken: not a number and infinity would spread over the whole field."""
    sums = [value.grad.sum() for value in parameters if value.grad is not None]
    return bool(torch.stack([loss.detach(), *sums]).sum().isfinite())
