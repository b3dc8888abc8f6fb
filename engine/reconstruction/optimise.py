# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop that every reconstruction method shares: a field, an objective, Adam."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..fields.voxel import VoxelField

Objective = Callable[[VoxelField, int], Tensor]
"""Loss of the field at a step. What it learns from (views, a score) is its own business."""


def optimise(field: VoxelField, objective: Objective, iterations: int, *,
             learning_rate: Callable[[int], float], smoothness: Tensor,
             on_step: Callable[[int], None]) -> None:
    """Minimise `objective` over the field's grid, in place.

    `learning_rate`: of each step; `smoothness`: 4 weights (density, RGB) of the squared difference
    between neighbouring voxels; `on_step` is called after each step and may raise to stop.
    """
    optimiser = torch.optim.Adam([field.raw], betas=(0.9, 0.99), fused=True)
    for step in range(iterations):
        optimiser.param_groups[0]["lr"] = learning_rate(step)
        optimiser.zero_grad(set_to_none=True)
        objective(field, step).backward()
        add_smoothness_gradient(field.raw, smoothness, axis=2 + step % 3)
        optimiser.step()
        on_step(step)


@torch.no_grad()
def add_smoothness_gradient(raw: Tensor, weights: Tensor, axis: int) -> None:
    """Add the gradient of weights * sum of squared differences along one axis to `raw.grad`.

    By hand and one axis a step, because autograd over the whole grid takes longer than rendering.
    """
    assert raw.grad is not None
    length = raw.shape[axis] - 1
    difference = raw.narrow(axis, 1, length) - raw.narrow(axis, 0, length)
    difference *= 2 * weights[:, None, None, None]
    raw.grad.narrow(axis, 1, length).add_(difference)
    raw.grad.narrow(axis, 0, length).sub_(difference)
