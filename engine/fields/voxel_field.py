# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radiance field on a dense voxel grid: density and features in one fused grid."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .interpolation import grid_sample
from .voxel_grid import VoxelGrid

DENSITY_SCALE = 50.0
"""Density per world unit where softplus(raw) = 1. A voxel of 0.0125 units then absorbs about half
of the light."""
EMPTY_RAW = -8.0
"""Raw density of empty space."""


class VoxelField(nn.Module):
    """Density and features at every point of a box, interpolated trilinearly.

    Features are RGB or latents of a diffusion model (Score Jacobian Chaining, Wang et al. 2023,
    section 5). Raw values are interpolated before the activation, so that a surface can be sharper
    than a voxel (Sun et al., Direct Voxel Grid Optimization, 2022, section 4.2). Implements
    `engine.fields.field.Field`.
    """

    def __init__(self, voxel_grid: VoxelGrid, latent_channels: int = 0) -> None:
        """`latent_channels`: number of unbounded features, or 0 for RGB."""
        super().__init__()
        self.voxel_grid, self.latent_channels = voxel_grid, latent_channels
        raw = torch.zeros(1, 1 + (latent_channels or 3), *voxel_grid.shape)
        raw[:, 0] = EMPTY_RAW
        # Channels last: a voxel's values are adjacent, so that one cache line holds a corner.
        self.raw = nn.Parameter(raw.contiguous(memory_format=torch.channels_last_3d))
        """(1, 1 + c, x, y, z): the raw density, then the raw features of each voxel."""

    @property
    def device(self) -> torch.device:
        """See `Field.device`."""
        return self.raw.device

    def raw_at(self, points: Tensor) -> Tensor:
        """(1 + c, p) raw density and features at (p, 3) world points."""
        return grid_sample(self.raw, self.voxel_grid.normalised(points))

    def density(self, points: Tensor) -> Tensor:
        """See `Field.density`."""
        return density_of(grid_sample(self.raw[:, :1], self.voxel_grid.normalised(points))[0])

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """See `Field.__call__`."""
        return activated(self.raw_at(points), self.latent_channels)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """See `Field.parameter_groups`."""
        return [{"params": [self.raw], "lr": learning_rate}]

    @torch.no_grad()
    def smooth(self, factors: Tensor, axis: int) -> None:
        """See `Field.smooth`.

        This is a gradient step on the squared differences of neighbours, apart from Adam: Adam
        scales every voxel's gradient to the same size, so a smoothness term in the loss would
        flatten whatever no ray sees.
        """
        axis, length = axis + 2, self.voxel_grid.shape[axis] - 1
        difference = self.raw.narrow(axis, 1, length) - self.raw.narrow(axis, 0, length)
        difference *= factors[:, None, None, None]
        self.raw.narrow(axis, 0, length).add_(difference)
        self.raw.narrow(axis, 1, length).sub_(difference)

    @torch.no_grad()
    def cap_density(self, where: Tensor, raw: float) -> None:
        """See `Field.cap_density`."""
        density = self.raw[0, 0]
        density[where.to(self.device)] = density[where.to(self.device)].clamp_max(raw)

    @torch.no_grad()
    def resampled(self, voxel_grid: VoxelGrid) -> VoxelField:
        """The same field, interpolated on the voxels of another grid."""
        other = VoxelField(voxel_grid, self.latent_channels).to(self.device)
        other.raw.copy_(self.raw_at(voxel_grid.centres().to(self.device)).reshape(other.raw.shape))
        return other

    def as_grid(self, voxel_grid: VoxelGrid | None = None) -> VoxelField:
        """See `Field.as_grid`."""
        return self.resampled(voxel_grid) if voxel_grid else self


def activated(raw: Tensor, latent_channels: int) -> tuple[Tensor, Tensor]:
    """(1 + c, p) raw density and features to (p,) densities and (p, c) features."""
    features = raw[1:] if latent_channels else torch.sigmoid(raw[1:])
    return density_of(raw[0]), features.T


def density_of(raw: Tensor) -> Tensor:
    """Density per world unit for raw values."""
    return F.softplus(raw) * DENSITY_SCALE


def raw_of(density: float) -> float:
    """The raw value for a density per world unit, > 0."""
    return math.log(math.expm1(density / DENSITY_SCALE))
