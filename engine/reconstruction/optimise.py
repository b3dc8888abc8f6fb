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
             learning_rate: Callable[[int], float], smoothing: Tensor,
             on_step: Callable[[int], None]) -> None:
    """Minimise `objective` over the field's grid, in place.

    `learning_rate`: of each step; `smoothing`: 4 factors (density, RGB) in [0, 0.25] by which
    voxels approach their neighbours; `on_step` is called after each step and may raise to stop.
    """
    optimiser = torch.optim.Adam([field.raw], betas=(0.9, 0.99), fused=True)
    for step in range(iterations):
        optimiser.param_groups[0]["lr"] = learning_rate(step)
        optimiser.zero_grad(set_to_none=True)
        objective(field, step).backward()
        optimiser.step()
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
