# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpolation in large tables at few points, with backward passes that suit this case.

In a voxel grid the forward pass is `torch.nn.functional.grid_sample`. Its own backward pass makes a
gradient in another memory layout than the grids here have. Copying that gradient costs more than
everything else for a few thousand points in a million voxels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .constants import constant_like

DENSE_SHARE = 0.125
"""Corners of points per row of a table above which its gradient is summed column by column on a
CPU. The backward pass of 43,000 points takes 12 ms instead of 20 ms in 213,600 voxels, and that of
20,000 points in 96^3 voxels, 0.18 corners per voxel, 12 ms instead of 18 ms; but that of 4,000
points, 0.04 corners per voxel, 6 ms instead of 1 ms, because every column is as long as the table.
"""


def grid_sample(grid: Tensor, points: Tensor) -> Tensor:
    """Trilinear interpolation; points outside get the border's values.

    Args:
        grid: (1, c, x, y, z), fastest in the memory format `channels_last_3d`. The centres of the
            outermost voxels lie on the faces of [-1, 1]^3.
        points: (p, 3), x y z in units of that cube.

    Returns:
        (c, p), differentiable in the grid, not in the points.
    """
    return _GridSample.apply(grid, points)


def weighted_rows(table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of table rows: the sum over k of weight[k, p] * table[index[k, p]].

    Args:
        table: (n, c).
        index, weight: (k, p).

    Returns:
        (p, c), differentiable in the table, not in the weights.
    """
    return _WeightedRows.apply(table, index, weight)


class _GridSample(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, grid: Tensor, points: Tensor) -> Tensor:
        ctx.save_for_backward(points)
        ctx.shape = grid.shape
        # grid_sample's first coordinate runs along the last axis, which is z here.
        return F.grid_sample(grid, points.flip(-1)[None, None, None], align_corners=True,
                             padding_mode="border")[0, :, 0, 0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        points, = ctx.saved_tensors
        _, channels, *shape = ctx.shape
        index, weight = corners(points, shape)
        table = _scattered(gradient.T, index, weight, math.prod(shape))
        return table.reshape(1, *shape, channels).permute(0, 4, 1, 2, 3), None


class _WeightedRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(index, weight)
        ctx.count = len(table)
        return (table[index] * weight[..., None]).sum(0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        index, weight = ctx.saved_tensors
        return _scattered(gradient, index, weight, ctx.count), None, None


def _scattered(gradient: Tensor, index: Tensor, weight: Tensor, count: int) -> Tensor:
    """The gradient (count, c) of a table of which (p, c) weighted sums have a gradient."""
    if gradient.is_cpu and index.numel() > DENSE_SHARE * count:
        return _scattered_by_column(gradient, index, weight, count)
    spread = weight[..., None] * gradient
    table = gradient.new_zeros(count, gradient.shape[1])
    return table.index_add_(0, index.flatten(), spread.flatten(0, 1))


def _scattered_by_column(gradient: Tensor, index: Tensor, weight: Tensor, count: int) -> Tensor:
    """As `_scattered`, with the same sums in the same order."""
    table = gradient.new_empty(count, gradient.shape[1])
    rows = index.flatten()
    for column, values in enumerate(gradient.unbind(1)):
        table[:, column] = gradient.new_zeros(count).index_add_(
            0, rows, (weight * values).flatten())
    return table


def corners(points: Tensor, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The eight voxels around each of (p, 3) points in [-1, 1]^3, and their trilinear weights.

    Returns:
        (8, p) int64 indices into the x * y * z voxels (z fastest), and (8, p) weights that sum to
        1. The points are the last axis because arithmetic on short last axes is several times
        slower.
    """
    last = constant_like(points, shape)[:, None] - 1
    coords = torch.minimum(((points.T.contiguous() + 1) * (last / 2)).clamp_min_(0), last)
    low = torch.minimum(coords.floor(), last - 1)
    weight = trilinear_weights(coords - low)
    i, j, k = low.long()
    lowest = (i * shape[1] + j) * shape[2] + k
    steps = [a + b + c for a in (0, shape[1] * shape[2]) for b in (0, shape[2]) for c in (0, 1)]
    return lowest + constant_like(lowest, steps)[:, None], weight.flatten(0, 2)


def trilinear_weights(fraction: Tensor) -> Tensor:
    """(3, p) positions of points within their cells, in [0, 1], to the weights of the cells'
    corners: (2, 2, 2, p), along x, y and z.
    """
    x, y, z = torch.stack([1 - fraction, fraction]).unbind(1)
    return x[:, None, None] * y[:, None] * z
