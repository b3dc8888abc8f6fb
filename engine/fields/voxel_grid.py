# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The position of a grid's voxels in the world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .constants import constant_like

HALF_EXTENT = 0.6
"""Fields cover [-0.6, 0.6]^3, world units: objects fill [-0.5, 0.5]^3, and what generated views
show a little more."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class VoxelGrid:
    """Cubic voxels in an axis-parallel box. The centres of the outermost voxels lie on its
    faces."""

    low: Vector
    """Lowest corner of the box, world."""
    voxel_size: float
    """Distance between the centres of neighbouring voxels, world units."""
    shape: tuple[int, int, int]
    """Number of voxels along x, y and z, at least 2 each."""

    @classmethod
    def within(cls, low: Sequence[float], high: Sequence[float], voxel_size: float) -> VoxelGrid:
        """The grid with this voxel size that starts at `low` and reaches at least to `high`."""
        steps = [max(math.ceil((b - a) / voxel_size - 1e-6), 1)
                 for a, b in zip(low, high, strict=True)]
        return cls((low[0], low[1], low[2]), voxel_size,
                   (steps[0] + 1, steps[1] + 1, steps[2] + 1))

    @property
    def high(self) -> Vector:
        """Highest corner of the box, world."""
        x, y, z = (a + self.voxel_size * (count - 1)
                   for a, count in zip(self.low, self.shape, strict=True))
        return x, y, z

    @property
    def count(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    def with_voxel_size(self, voxel_size: float) -> VoxelGrid:
        """The same box with another voxel size; its high end may move by up to one voxel."""
        return self.within(self.low, self.high, voxel_size)

    def with_voxel_count(self, count: int) -> VoxelGrid:
        """The same box with approximately `count` voxels."""
        return self.with_voxel_size(self.voxel_size * (self.count / count) ** (1 / 3))

    def axis(self, number: int) -> Tensor:
        """World coordinates of the voxels along an axis (0 to 2): (shape[number],)."""
        return torch.linspace(self.low[number], self.high[number], self.shape[number])

    def centres(self) -> Tensor:
        """World positions of the voxels' centres: (count, 3), z fastest."""
        grids = torch.meshgrid(*(self.axis(number) for number in range(3)), indexing="ij")
        return torch.stack(grids, dim=-1).reshape(-1, 3)

    def coords(self, points: Tensor) -> Tensor:
        """(p, 3) world points in units of voxels from the lowest corner."""
        return (points - constant_like(points, self.low)).mul_(1 / self.voxel_size)

    def normalised(self, points: Tensor) -> Tensor:
        """(p, 3) world points in coordinates in which the box is [-1, 1]^3."""
        scale = [2 / (self.voxel_size * (count - 1)) for count in self.shape]
        return (points - constant_like(points, self.low)).mul_(constant_like(points, scale)).sub_(1)


def cube(resolution: int, half_extent: float = HALF_EXTENT) -> VoxelGrid:
    """The grid of resolution^3 voxels in the cube [-half_extent, half_extent]^3."""
    size = 2 * half_extent / (resolution - 1)
    return VoxelGrid((-half_extent,) * 3, size, (resolution,) * 3)
