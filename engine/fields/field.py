# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconstruction method asks of a radiance field, whatever it is made of."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from torch import Tensor

from .hash_grid import HashField
from .voxel_field import VoxelField
from .voxel_grid import Lattice


class Field(Protocol):
    """Density and features (RGB, or latents) in the box of a lattice."""

    latent_channels: int

    @property
    def lattice(self) -> Lattice:
        """As fine as the field is looked at."""

    @property
    def device(self) -> torch.device:
        """Where it is looked up, and where points are to be."""

    def to(self, device: torch.device) -> Field:
        """This field, moved to a device."""

    def density(self, points: Tensor) -> Tensor:
        """P densities, >= 0, per world unit, at P x 3 world points."""

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """(P densities, P x C features; RGB in [0, 1]) at P x 3 world points."""

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """What Adam changes; the rate is that of a grid's raw values."""

    def smooth(self, factors: Tensor, axis: int) -> None:
        """Even out neighbours along an axis, by a factor for each raw channel, on its device."""

    def thin(self, where: Tensor, raw: float) -> None:
        """Leave at most a raw density at the voxels of the finest lattice that a bool mask names.
        """

    def resampled(self, lattice: Lattice) -> Field:
        """The same field, to be looked at as finely as another lattice."""

    def as_grid(self, lattice: Lattice | None = None) -> VoxelField:
        """The field on the voxels of a lattice (default: its own)."""


def represented(grid: VoxelField, representation: str, generator: torch.Generator,
                device: torch.device) -> Field:
    """The field of a voxel grid as "voxels" (itself) or as a "hash" grid, on a device.

    The generator is the CPU's: what is drawn doesn't depend on the device.
    """
    if representation == "voxels":
        return grid.to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return HashField(grid).to(device)


def on_cpu(field: Field) -> Field:
    """The field itself if it is there, else a copy."""
    if field.device.type == "cpu":
        return field
    return copy.deepcopy(field).to(torch.device("cpu"))
