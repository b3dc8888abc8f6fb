# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop that every reconstruction method shares: a field, an objective, Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..fields.voxel import VoxelField

ADAM_EPSILON = 1e-7
"""Gradients far below this don't move a voxel: with the usual 1e-8, one faint glance does."""

Objective = Callable[[VoxelField, int], Tensor]
"""Loss of the field at a step. What it learns from (views, a score) is its own business."""


def optimise(field: VoxelField, objective: Objective, iterations: int, *,
             learning_rate: float, decay: float, smoothing: Tensor,
             on_step: Callable[[int], None], others: Sequence[dict[str, Any]] = ()) -> None:
    """Minimise `objective` over the field's grid, in place.

    `learning_rate` falls exponentially to its `decay`-th part; `smoothing`: 4 factors (density,
    RGB) in [0, 0.25] by which voxels approach their neighbours; `on_step` is called after each step
    and may raise to stop; `others`: what else the objective depends on, as parameter groups of
    Adam with their own rates, which fall alike.
    """
    groups = [{"params": [field.raw], "lr": learning_rate}, *others]
    optimiser = torch.optim.Adam(groups, betas=(0.9, 0.99), eps=ADAM_EPSILON, fused=True)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, decay ** (1 / max(iterations, 1)))
    for step in range(iterations):
        optimiser.zero_grad(set_to_none=True)
        objective(field, step).backward()
        optimiser.step()
        schedule.step()
        diffuse(field.raw, smoothing, axis=2 + step % 3)
        on_step(step)


@torch.no_grad()
def diffuse(raw: Tensor, factors: Tensor, axis: int) -> None:
    """Move the voxels of a 1 x C x X x Y x Z grid towards their neighbours along one axis.

    A step down the gradient of the squared differences, apart from Adam: Adam scales every voxel's
    gradient to the same size, so a smoothness term in the loss would flatten whatever no ray sees.
    """
    length = raw.shape[axis] - 1
    difference = raw.narrow(axis, 1, length) - raw.narrow(axis, 0, length)
    difference *= factors[:, None, None, None]
    raw.narrow(axis, 0, length).add_(difference)
    raw.narrow(axis, 1, length).sub_(difference)
