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
"""Density per world unit of softplus(raw) = 1: a voxel of 0.0125 then absorbs about half."""
EMPTY_RAW = -8.0
"""Raw density of empty space."""


class VoxelField(nn.Module):
    """Density and features at every point of a box, interpolated trilinearly before activation.

    Features are RGB, or latents of a diffusion model (Score Jacobian Chaining, Wang et al. 2023,
    section 5). Interpolating raw values and activating afterwards lets a surface be sharper than a
    voxel (Sun et al., Direct Voxel Grid Optimization, 2022, section 4.2).
    """

    def __init__(self, voxel_grid: VoxelGrid, latent_channels: int = 0) -> None:
        """`latent_channels`: that many unbounded features instead of RGB."""
        super().__init__()
        self.voxel_grid, self.latent_channels = voxel_grid, latent_channels
        raw = torch.zeros(1, 1 + (latent_channels or 3), *voxel_grid.shape)
        raw[:, 0] = EMPTY_RAW
        # Channels last: the values of a voxel lie together, so one cache line serves a corner.
        self.raw = nn.Parameter(raw.contiguous(memory_format=torch.channels_last_3d))
        """1 x (1 + C) x X x Y x Z: raw density, then raw features of the voxel grid's voxels."""

    @property
    def device(self) -> torch.device:
        """Where it is looked up."""
        return self.raw.device

    def raw_at(self, points: Tensor) -> Tensor:
        """(1 + C) x P raw density and features at P x 3 world points."""
        return grid_sample(self.raw, self.voxel_grid.normalised(points))

    def density(self, points: Tensor) -> Tensor:
        """P densities, >= 0, per world unit, at P x 3 world points."""
        return density_of(grid_sample(self.raw[:, :1], self.voxel_grid.normalised(points))[0])

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """(P densities, P x C features; RGB in [0, 1]) at P x 3 world points."""
        values = self.raw_at(points)
        features = values[1:] if self.latent_channels else torch.sigmoid(values[1:])
        return density_of(values[0]), features.T

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """What Adam changes, at this rate in raw grid units."""
        return [{"params": [self.raw], "lr": learning_rate}]

    @torch.no_grad()
    def smooth(self, factors: Tensor, axis: int) -> None:
        """Move the voxels towards their neighbours along an axis (0 to 2), by one of the factors in
        [0, 0.25] for each channel.

        A step down the gradient of the squared differences, apart from Adam: Adam scales every
        voxel's gradient to the same size, so a smoothness term in the loss would flatten whatever
        no ray sees.
        """
        axis, length = axis + 2, self.voxel_grid.shape[axis] - 1
        difference = self.raw.narrow(axis, 1, length) - self.raw.narrow(axis, 0, length)
        difference *= factors[:, None, None, None]
        self.raw.narrow(axis, 0, length).add_(difference)
        self.raw.narrow(axis, 1, length).sub_(difference)

    @torch.no_grad()
    def cap_density(self, where: Tensor, raw: float) -> None:
        """Leave at most a raw density where a bool mask of the voxel grid's voxels says."""
        density = self.raw[0, 0]
        density[where.to(self.device)] = density[where.to(self.device)].clamp_max(raw)

    @torch.no_grad()
    def resampled(self, voxel_grid: VoxelGrid) -> VoxelField:
        """The same field on the voxels of another voxel grid."""
        other = VoxelField(voxel_grid, self.latent_channels).to(self.device)
        other.raw.copy_(self.raw_at(voxel_grid.centres().to(self.device)).reshape(other.raw.shape))
        return other

    def as_grid(self, voxel_grid: VoxelGrid | None = None) -> VoxelField:
        """The field on the voxels of a voxel grid (default: its own)."""
        return self.resampled(voxel_grid) if voxel_grid else self


def density_of(raw: Tensor) -> Tensor:
    """Density per world unit of raw grid values."""
    return F.softplus(raw) * DENSITY_SCALE


def raw_of(density: float) -> float:
    """The raw grid value of a density per world unit, > 0."""
    return math.log(math.expm1(density / DENSITY_SCALE))
