# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radiance field on a multi-resolution hash grid with a small network (Müller et al. 2022)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from .constants import constant_like
from .cuda import tiny_cuda
from .hash_config import HashGridConfig
from .interpolation import trilinear_weights, weighted_rows
from .voxel_field import VoxelField, activated, density_of
from .voxel_grid import VoxelGrid

PRIMES = (1, 2654435761, 805459861)
"""Factors of the spatial hash along x, y and z (equation 4)."""
INITIAL_RANGE = 1e-4
"""Table entries start uniform in [-1e-4, 1e-4] (section 3)."""
HIDDEN_WIDTH = 64
"""Neurons in each of the network's two hidden layers, as in threestudio's zero123.yaml."""
TABLE_RATE, NETWORK_RATE = 1e-2, 1e-3
"""Adam's learning rates for the tables and the network, as in threestudio's zero123.yaml."""
TABLE_EPSILON = 1e-15
"""Adam's epsilon for the tables: most entries have no gradient in most steps and tiny ones
otherwise (section 4)."""
CHUNK = 1 << 16
"""Points encoded together where no gradient is needed; one point takes about a kilobyte."""


class HashEncoding(nn.Module):
    """Features of points in [0, 1]^3 on all levels.

    The tables are laid out as in tiny-cuda-nn's `HashGrid`, so that their values can be exchanged:
    a level whose grid has no more corners than table entries is stored densely, x fastest.
    """

    def __init__(self, config: HashGridConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or HashGridConfig()
        self.scales, self.entries = [], []
        for level in range(config.levels):
            scale = config.coarsest * config.growth**level - 1
            corners = (math.ceil(scale) + 1) ** 3
            self.scales.append(scale)
            self.entries.append(min(math.ceil(corners / 8) * 8, 2**config.log2_entries))
        tables = torch.empty(sum(self.entries), config.features)
        self.tables = nn.Parameter(tables.uniform_(-INITIAL_RANGE, INITIAL_RANGE))
        """(entries of all levels, features): the levels' tables, one after the other."""

    @property
    def width(self) -> int:
        """Number of features of a point."""
        return self.config.levels * self.config.features

    def forward(self, points: Tensor) -> Tensor:
        """(p, 3) points to (p, levels * features)."""
        def by_torch(tables: Tensor) -> Tensor:
            features, first = [], 0
            for scale, entries in zip(self.scales, self.entries, strict=True):
                index, weight = _corners(points, scale, entries)
                features.append(weighted_rows(tables, index + first, weight))
                first += entries
            return torch.cat(features, dim=-1)

        return tiny_cuda.encode_or(by_torch, self.config, self.tables, points)


def _corners(points: Tensor, scale: float, entries: int) -> tuple[Tensor, Tensor]:
    """The corners around (p, 3) points: (8, p) entries of a level's table and (8, p) weights."""
    coords = points.T.contiguous().clamp(0, 1) * scale + 0.5
    low = coords.floor()
    weight = trilinear_weights(coords - low)
    resolution = math.ceil(scale) + 1
    dense = resolution**3 <= entries
    factors = (1, resolution, resolution**2) if dense else PRIMES
    corner = low.long()
    i, j, k = (torch.stack([corner, corner + 1])
               * constant_like(corner, factors)[:, None]).unbind(1)
    i, j = i[:, None, None], j[:, None]
    # The hash is defined on 32-bit numbers; its lowest bits, which count, are the same in 64 bits.
    index = (i + j + k if dense else i ^ j ^ k) % entries
    return index.flatten(0, 2), weight.flatten(0, 2)


class HashField(nn.Module):
    """A fixed voxel field plus what the encoding and the network add to its raw values.

    The network's last layer starts at zero, so that a method starts from the same field whatever
    represents it. Implements `engine.fields.field.Field`.
    """

    def __init__(self, start: VoxelField, config: HashGridConfig | None = None) -> None:
        super().__init__()
        self.voxel_grid, self.latent_channels = start.voxel_grid, start.latent_channels
        box = start.voxel_grid
        self.side = max(b - a for a, b in zip(box.low, box.high, strict=True))
        """World side of the cube that the encoding covers, from the box's lowest corner."""
        self.start = start.requires_grad_(False)
        self.encoding = HashEncoding(config)
        channels = start.raw.shape[1]
        self.network = nn.Sequential(
            nn.Linear(self.encoding.width, HIDDEN_WIDTH), nn.ReLU(),
            nn.Linear(HIDDEN_WIDTH, HIDDEN_WIDTH), nn.ReLU(), nn.Linear(HIDDEN_WIDTH, channels))
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    @property
    def device(self) -> torch.device:
        """See `Field.device`."""
        return self.start.device

    def raw_at(self, points: Tensor) -> Tensor:
        """(1 + c, p) raw density and features at (p, 3) world points.

        Without gradients the points are evaluated in chunks, which limits the memory.
        """
        if torch.is_grad_enabled():
            return self._raw_at(points)
        return torch.cat([self._raw_at(part) for part in points.split(CHUNK)], dim=1)

    def _raw_at(self, points: Tensor) -> Tensor:
        inside = (points - constant_like(points, self.start.voxel_grid.low)) / self.side
        return self.start.raw_at(points) + self.network(self.encoding(inside)).T

    def density(self, points: Tensor) -> Tensor:
        """See `Field.density`."""
        return density_of(self.raw_at(points)[0])

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """See `Field.__call__`."""
        return activated(self.raw_at(points), self.latent_channels)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """See `Field.parameter_groups`; `learning_rate` is not used: tables and network have their
        own rates.
        """
        return [{"params": [self.encoding.tables], "lr": TABLE_RATE, "eps": TABLE_EPSILON},
                {"params": [*self.network.parameters()], "lr": NETWORK_RATE}]

    def smooth(self, factors: Tensor, axis: int) -> None:
        """Does nothing: neighbours share table entries, and the network is smooth."""

    def cap_density(self, where: Tensor, raw: float) -> None:
        """Limits the start field only; what the network adds is unchanged."""
        self.start.cap_density(where, raw)

    def resampled(self, voxel_grid: VoxelGrid) -> HashField:
        """This field, which from now on is sampled at another grid's spacing."""
        self.voxel_grid = voxel_grid
        return self

    @torch.no_grad()
    def as_grid(self, voxel_grid: VoxelGrid | None = None) -> VoxelField:
        """See `Field.as_grid`."""
        grid = VoxelField(voxel_grid or self.voxel_grid, self.latent_channels).to(self.device)
        centres = grid.voxel_grid.centres().to(self.device)
        grid.raw.copy_(self.raw_at(centres).reshape(grid.raw.shape))
        return grid
