# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of a radiance field, whatever represents it."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from torch import Tensor

from .voxel_field import VoxelField
from .voxel_grid import VoxelGrid


class Field(Protocol):
    """Density and features (RGB or latents) in a box."""

    latent_channels: int
    """Number of latent channels; 0 for RGB."""

    @property
    def voxel_grid(self) -> VoxelGrid:
        """The field's box, and the spacing at which it is sampled."""

    @property
    def device(self) -> torch.device:
        """The device of the parameters, and of the points that are passed in."""

    def to(self, device: torch.device) -> Field:
        """This field, moved to a device."""

    def density(self, points: Tensor) -> Tensor:
        """Density at (p, 3) world points: (p,), >= 0, per world unit."""

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """(p,) density and (p, c) features at (p, 3) world points; RGB features lie in [0, 1]."""

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Adam's parameter groups; `learning_rate` is that of raw grid values."""

    def smooth(self, factors: Tensor, axis: int) -> None:
        """Move neighbouring voxels along an axis (0 to 2) towards each other, with one factor in
        [0, 0.25] per raw channel: (1 + c,), on the field's device.
        """

    def cap_density(self, where: Tensor, raw: float) -> None:
        """Limit the raw density to `raw` at the voxels where the mask is true.

        `where`: (X, Y, Z) bool, of the finest voxel grid.
        """

    def resampled(self, voxel_grid: VoxelGrid) -> Field:
        """The same field, sampled at another grid's spacing."""

    def as_grid(self, voxel_grid: VoxelGrid | None = None) -> VoxelField:
        """The field's values on a voxel grid (default: its own)."""


def on_cpu(field: Field) -> Field:
    """The field itself if it is on the CPU, otherwise a copy there."""
    if field.device.type == "cpu":
        return field
    return copy.deepcopy(field).to(torch.device("cpu"))
