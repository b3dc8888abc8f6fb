# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A grid of occupied voxels, by which a renderer skips empty space."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from .voxel_grid import VoxelGrid


def dilate(voxels: Tensor, radius: int) -> Tensor:
    """The voxels (X, Y, Z, bool), and all within `radius` voxels along each axis.

    Shifts along one axis after the other take a hundredth of the time of `max_pool3d`.
    """
    for axis, length in enumerate(voxels.shape):
        wider = voxels.clone()
        for shift in range(1, min(radius, length - 1) + 1):
            rest = length - shift
            wider.narrow(axis, shift, rest).logical_or_(voxels.narrow(axis, 0, rest))
            wider.narrow(axis, 0, rest).logical_or_(voxels.narrow(axis, shift, rest))
        voxels = wider
    return voxels


class Occupancy:
    """The voxels of a grid that may contain something; outside the grid, the nearest voxel counts.
    """

    voxels: Tensor
    """(X, Y, Z) bool, the shape of `voxel_grid`."""
    voxel_grid: VoxelGrid
    """Where the voxels lie in the world."""

    def __init__(self, voxels: Tensor, voxel_grid: VoxelGrid) -> None:
        self.voxels, self.voxel_grid = voxels, voxel_grid
        self._dilated: dict[int, Occupancy] = {0: self}

    @property
    def device(self) -> torch.device:
        """The device of the voxels, on which points are looked up."""
        return self.voxels.device

    def to(self, device: torch.device) -> Occupancy:
        """This grid on a device."""
        if device == self.device:
            return self
        return Occupancy(self.voxels.to(device), self.voxel_grid)

    def contains(self, points: Tensor) -> Tensor:
        """Whether the voxel nearest to each point is occupied: (p, 3) world to (p,) bool."""
        shape = self.voxel_grid.shape
        x, y, z = (values.long().clamp_(0, count - 1) for values, count in zip(
            self.voxel_grid.coords(points).add_(0.5).unbind(1), shape, strict=True))
        return torch.take(self.voxels, (x * shape[1] + y) * shape[2] + z)

    def dilated(self, distance: float) -> Occupancy:
        """The grid that also contains all points at most `distance` (world units, along each axis)
        from a point that this grid contains. The result is cached.
        """
        radius = math.ceil(distance / self.voxel_grid.voxel_size)
        if radius not in self._dilated:
            self._dilated[radius] = Occupancy(dilate(self.voxels, radius), self.voxel_grid)
        return self._dilated[radius]

    @cached_property
    def box(self) -> VoxelGrid | None:
        """A grid whose box encloses all occupied voxels; None if no voxel is occupied."""
        occupied = self.voxels.nonzero()
        if not len(occupied):
            return None
        size = self.voxel_grid.voxel_size
        low, high = occupied.amin(0).cpu().tolist(), occupied.amax(0).cpu().tolist()
        x, y, z = (corner + (index - 0.5) * size
                   for corner, index in zip(self.voxel_grid.low, low, strict=True))
        i, j, k = (last - first + 2 for first, last in zip(low, high, strict=True))
        return VoxelGrid((x, y, z), size, (i, j, k))
