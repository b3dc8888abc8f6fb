# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the voxels of a grid lie in the world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .constants import constant_like

HALF_EXTENT = 0.6
"""Everything happens in [-0.6, 0.6]^3: objects fill [-0.5, 0.5]^3, generated views a little more.
"""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class VoxelGrid:
    """Cubic voxels in an axis-parallel box; the outermost ones' centres lie on its faces."""

    low: Vector
    """The box's lowest corner, world."""
    voxel_size: float
    """Distance between neighbouring voxels in world units."""
    shape: tuple[int, int, int]
    """Voxels along x, y and z, at least 2."""

    @classmethod
    def within(cls, low: Sequence[float], high: Sequence[float], voxel_size: float) -> VoxelGrid:
        """Voxels of this size from `low` at least to `high`."""
        steps = [max(math.ceil((b - a) / voxel_size - 1e-6), 1)
                 for a, b in zip(low, high, strict=True)]
        return cls((low[0], low[1], low[2]), voxel_size,
                   (steps[0] + 1, steps[1] + 1, steps[2] + 1))

    @property
    def high(self) -> Vector:
        """The box's highest corner."""
        x, y, z = (a + self.voxel_size * (count - 1)
                   for a, count in zip(self.low, self.shape, strict=True))
        return x, y, z

    @property
    def count(self) -> int:
        """Voxels in all."""
        return math.prod(self.shape)

    def with_voxel_size(self, voxel_size: float) -> VoxelGrid:
        """The same box, but for a part of a voxel, in voxels of another size."""
        return self.within(self.low, self.high, voxel_size)

    def with_voxel_count(self, count: int) -> VoxelGrid:
        """The same box in about so many voxels."""
        return self.with_voxel_size(self.voxel_size * (self.count / count) ** (1 / 3))

    def axis(self, number: int) -> Tensor:
        """World coordinates of the voxels along axis 0 to 2."""
        return torch.linspace(self.low[number], self.high[number], self.shape[number])

    def centres(self) -> Tensor:
        """World positions of the voxels: count x 3, z fastest."""
        grids = torch.meshgrid(*(self.axis(number) for number in range(3)), indexing="ij")
        return torch.stack(grids, dim=-1).reshape(-1, 3)

    def coords(self, points: Tensor) -> Tensor:
        """P x 3 world points in voxels from the lowest corner."""
        return (points - constant_like(points, self.low)).mul_(1 / self.voxel_size)

    def normalised(self, points: Tensor) -> Tensor:
        """P x 3 world points in units in which the box is [-1, 1]^3."""
        scale = [2 / (self.voxel_size * (count - 1)) for count in self.shape]
        return (points - constant_like(points, self.low)).mul_(constant_like(points, scale)).sub_(1)


def cube(resolution: int, half_extent: float = HALF_EXTENT) -> VoxelGrid:
    """resolution^3 voxels of the cube [-half_extent, half_extent]^3."""
    size = 2 * half_extent / (resolution - 1)
    return VoxelGrid((-half_extent,) * 3, size, (resolution,) * 3)
