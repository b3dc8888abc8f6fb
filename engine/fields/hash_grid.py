# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radiance field on a multi-resolution hash grid with a small network (Müller et al. 2022)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from . import tiny_cuda
from .constants import numbers
from .trilinear import weighted_rows
from .voxel_field import VoxelField, density_of
from .voxel_grid import Lattice

PRIMES = (1, 2654435761, 805459861)
"""Of the spatial hash (equation 4)."""
TABLE_SPREAD = 1e-4
"""Table entries start uniform in plus and minus this (section 3)."""
HIDDEN = 64
TABLE_RATE, NETWORK_RATE = 1e-2, 1e-3
"""Of Adam: threestudio's for Zero123."""
TABLE_EPSILON = 1e-15
"""Most entries have no gradient in most steps, and tiny ones otherwise (section 4)."""
CHUNK = 1 << 16


@dataclass(frozen=True)
class HashSettings:
    """The paper's names in brackets."""

    levels: int = 10
    """(L)"""
    features: int = 2
    """(F)"""
    log2_entries: int = 17
    """Entries of a level's table, at most (log2 T)."""
    coarsest: int = 16
    """(N_min)"""
    finest: int = 256
    """(N_max)"""

    @property
    def growth(self) -> float:
        """Ratio of two levels' resolutions (b, equation 3)."""
        return (self.finest / self.coarsest) ** (1 / max(self.levels - 1, 1))


class HashEncoding(nn.Module):
    """L x F features of points in [0, 1]^3.

    Tables are laid out as in tiny-cuda-nn's `HashGrid`, so that its parameters can be copied: a
    level whose grid has no more corners than entries is stored densely, x fastest.
    """

    def __init__(self, settings: HashSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or HashSettings()
        self.scales, self.entries = [], []
        for level in range(settings.levels):
            scale = settings.coarsest * settings.growth**level - 1
            corners = (math.ceil(scale) + 1) ** 3
            self.scales.append(scale)
            self.entries.append(min(math.ceil(corners / 8) * 8, 2**settings.log2_entries))
        tables = torch.empty(sum(self.entries), settings.features)
        self.tables = nn.Parameter(tables.uniform_(-TABLE_SPREAD, TABLE_SPREAD))
        """All levels' tables, one after the other."""

    @property
    def width(self) -> int:
        """Features of a point."""
        return self.settings.levels * self.settings.features

    def forward(self, points: Tensor) -> Tensor:
        """P x (L * F) features of P x 3 points."""
        def ours(tables: Tensor) -> Tensor:
            features, first = [], 0
            for scale, entries in zip(self.scales, self.entries, strict=True):
                index, weight = _corners(points, scale, entries)
                features.append(weighted_rows(tables, index + first, weight))
                first += entries
            return torch.cat(features, dim=-1)

        return tiny_cuda.features_or(ours, self.settings, self.tables, points)


def _corners(points: Tensor, scale: float, entries: int) -> tuple[Tensor, Tensor]:
    """(8 x P entries of a level's table, 8 x P weights) of the corners around P x 3 points."""
    place = points.T.contiguous().clamp(0, 1) * scale + 0.5
    low = place.floor()
    upper = place - low
    x, y, z = torch.stack([1 - upper, upper]).unbind(1)
    weight = x[:, None, None] * y[:, None] * z
    resolution = math.ceil(scale) + 1
    dense = resolution**3 <= entries
    factors = (1, resolution, resolution**2) if dense else PRIMES
    corner = low.long()
    i, j, k = (torch.stack([corner, corner + 1]) * numbers(corner, factors)[:, None]).unbind(1)
    i, j = i[:, None, None], j[:, None]
    # The hash is of 32-bit numbers; the lowest bits, which count, are the same in 64.
    index = (i + j + k if dense else i ^ j ^ k) % entries
    return index.flatten(0, 2), weight.flatten(0, 2)


class HashField(nn.Module):
    """As `VoxelField`: a start on a voxel grid, which stays, plus what encoding and network add.

    At first they add nothing, so a method starts from the same field whatever represents it.
    """

    def __init__(self, start: VoxelField, settings: HashSettings | None = None) -> None:
        super().__init__()
        self.lattice, self.latent_channels = start.lattice, start.latent_channels
        self.side = max(b - a for a, b in zip(start.lattice.low, start.lattice.high, strict=True))
        """Of the cube that the encoding covers, from the box's lowest corner."""
        self.start = start.requires_grad_(False)
        self.encoding = HashEncoding(settings)
        channels = start.raw.shape[1]
        self.network = nn.Sequential(
            nn.Linear(self.encoding.width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(), nn.Linear(HIDDEN, channels))
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    @property
    def device(self) -> torch.device:
        """Where it is looked up."""
        return self.start.device

    def raw_at(self, points: Tensor) -> Tensor:
        """(1 + C) x P raw density and features at P x 3 world points.

        Where nothing is differentiated, some points at a time: the encoding of one takes a
        thousand bytes.
        """
        if torch.is_grad_enabled():
            return self._raw_at(points)
        return torch.cat([self._raw_at(part) for part in points.split(CHUNK)], dim=1)

    def _raw_at(self, points: Tensor) -> Tensor:
        places = (points - numbers(points, self.start.lattice.low)) / self.side
        return self.start.raw_at(points) + self.network(self.encoding(places)).T

    def density(self, points: Tensor) -> Tensor:
        """As `VoxelField.density`."""
        return density_of(self.raw_at(points)[0])

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """As `VoxelField.forward`."""
        values = self.raw_at(points)
        features = values[1:] if self.latent_channels else torch.sigmoid(values[1:])
        return density_of(values[0]), features.T

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """What Adam changes. Tables and network have rates of their own; that of grids doesn't
        count."""
        return [{"params": [self.encoding.tables], "lr": TABLE_RATE, "eps": TABLE_EPSILON},
                {"params": [*self.network.parameters()], "lr": NETWORK_RATE}]

    def smooth(self, factors: Tensor, axis: int) -> None:
        """Nothing: neighbours share entries, and the network is smooth."""

    def thin(self, where: Tensor, raw: float) -> None:
        """As `VoxelField.thin`, of the grid that it started from, whose voxels the mask means; what
        was added to that stays."""
        self.start.thin(where, raw)

    def resampled(self, lattice: Lattice) -> HashField:
        """This field, to be looked at in steps of another lattice's voxels."""
        self.lattice = lattice
        return self

    @torch.no_grad()
    def as_grid(self, lattice: Lattice | None = None) -> VoxelField:
        """The field on the voxels of a lattice (default: its own)."""
        grid = VoxelField(lattice or self.lattice, self.latent_channels).to(self.device)
        grid.raw.copy_(self.raw_at(grid.lattice.centres().to(self.device)).reshape(grid.raw.shape))
        return grid
