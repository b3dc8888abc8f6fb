# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconstruction method asks of a radiance field, whatever it is made of."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from .hash_grid import HashField
from .voxel import VoxelField


class Field(Protocol):
    """Density and features (RGB, or latents) in the cube [-half_extent, half_extent]^3."""

    half_extent: float
    latent_channels: int

    @property
    def resolution(self) -> int:
        """Voxels along each side of the grid that is as fine as the field is looked at."""

    @property
    def voxel_size(self) -> float:
        """Of that grid, in world units."""

    def density(self, points: Tensor) -> Tensor:
        """P densities, >= 0, per world unit, at P x 3 world points."""

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """(P densities, P x C features; RGB in [0, 1]) at P x 3 world points."""

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """What Adam changes; the rate is that of a grid's raw values."""

    def smooth(self, factors: Tensor, axis: int) -> None:
        """Even out neighbours along an axis, by a factor for each raw channel."""

    def resampled(self, resolution: int) -> Field:
        """The same field, to be looked at at another resolution."""

    def as_grid(self, resolution: int = 0) -> VoxelField:
        """The field on a voxel grid of this resolution (default: its own)."""


def represented(grid: VoxelField, representation: str, generator: torch.Generator) -> Field:
    """The field of a voxel grid as "voxels" (itself) or as a "hash" grid."""
    if representation == "voxels":
        return grid
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return HashField(grid)
