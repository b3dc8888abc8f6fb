# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look-up of a few points in large tables, with backward passes that fit.

In a voxel grid this is `torch.nn.functional.grid_sample`, whose own backward pass makes a gradient
in another memory layout than our grids have; copying that costs more than all else for a few
thousand points in a million voxels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .constants import numbers


def look_up(grid: Tensor, where: Tensor) -> Tensor:
    """C x P values of a 1 x C x X x Y x Z grid at P x 3 points; points outside get the border's.

    The outermost voxels lie on the faces of [-1, 1]^3. Differentiable in the grid, not in the
    points. Fastest if the grid's memory format is `channels_last_3d`.
    """
    return _LookUp.apply(grid, where)


def weighted_rows(rows: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """P x C sums of K of the rows (N x C) for each of P points, differentiable in the rows.

    `index`, `weight`: K x P.
    """
    return _WeightedRows.apply(rows, index, weight)


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, grid: Tensor, where: Tensor) -> Tensor:
        ctx.save_for_backward(where)
        ctx.shape = grid.shape
        # grid_sample's first coordinate runs along the last axis, which is z here.
        return F.grid_sample(grid, where.flip(-1)[None, None, None], align_corners=True,
                             padding_mode="border")[0, :, 0, 0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        where, = ctx.saved_tensors
        _, channels, *shape = ctx.shape
        index, weight = corners(where, shape)
        rows = _scattered(gradient.T, index, weight, math.prod(shape))
        return rows.reshape(1, *shape, channels).permute(0, 4, 1, 2, 3), None


class _WeightedRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(index, weight)
        ctx.count = len(rows)
        return (rows[index] * weight[..., None]).sum(0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        index, weight = ctx.saved_tensors
        return _scattered(gradient, index, weight, ctx.count), None, None


def _scattered(gradient: Tensor, index: Tensor, weight: Tensor, count: int) -> Tensor:
    """count x C: the gradients (P x C) of weighted sums, added up on the rows they came from."""
    spread = weight[..., None] * gradient
    rows = gradient.new_zeros(count, gradient.shape[1])
    return rows.index_add_(0, index.flatten(), spread.flatten(0, 1))


def corners(where: Tensor, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The eight voxels around P x 3 points in [-1, 1]^3, and how much each counts.

    Returns (8 x P indices into the X x Y x Z voxels, z fastest; 8 x P weights, which add up to 1).
    Points come last: on short last axes the arithmetic takes several times as long.
    """
    last = numbers(where, shape)[:, None] - 1
    place = torch.minimum(((where.T.contiguous() + 1) * (last / 2)).clamp_min_(0), last)
    low = torch.minimum(place.floor(), last - 1)
    upper = place - low
    x, y, z = torch.stack([1 - upper, upper]).unbind(1)
    weight = x[:, None, None] * y[:, None] * z
    i, j, k = low.long()
    lowest = (i * shape[1] + j) * shape[2] + k
    steps = [a + b + c for a in (0, shape[1] * shape[2]) for b in (0, shape[2]) for c in (0, 1)]
    return lowest + numbers(lowest, steps)[:, None], weight.flatten(0, 2)
