# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fog ends: the level whose silhouettes agree best with the pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.rays import Rays
from ..fields.render import Occupancy, occupied_samples
from ..fields.voxel import raw_of
from ..protocol import EngineError, ErrorCode

LEVELS = (3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0, 40.0)
"""Candidates, in density per world unit."""
STEP = 0.6
"""Distance between samples along a ray, in voxels."""
LEAST_DENSITY = 0.1
"""The whole cube at this density would let nine tenths of the light through."""


def candidates(densest: float) -> list[float]:
    """Raw densities, rising, at which the surface may lie in a field with this highest density.

    A fog thinner than all of `LEVELS` gets the same ones in shares of its own highest density.

    Raises:
        EngineError: `BAD_INPUT` if there is next to nothing.
    """
    if densest < LEAST_DENSITY:
        raise EngineError(ErrorCode.BAD_INPUT, "nothing solid came out of the optimisation",
                          "give it more iterations, another seed, or use the method views")
    levels = LEVELS if densest > LEVELS[0] else tuple(
        level / LEVELS[-1] * densest for level in LEVELS[:-1])
    return [raw_of(level) for level in levels]


def choose_level(volume: Tensor, levels: list[float], rays: Rays, opacity: Tensor,
                 occupancy: Occupancy) -> float:
    """The level with the highest silhouette IoU over R rays whose pictures show `opacity`.

    `volume`: X x Y x Z, of the occupancy's lattice, as marching cubes will see it, and 0 where
    nothing is. A level set's silhouette is where a ray's highest value exceeds the level, so one
    pass serves all levels.
    """
    highest = highest_value(volume, rays, occupancy)
    wanted = opacity > 0.5
    return max(levels, key=lambda level: _iou(highest > level, wanted))


@torch.no_grad()
def highest_value(volume: Tensor, rays: Rays, occupancy: Occupancy,
                  chunk: int = 16384) -> Tensor:
    """R; the largest interpolated value of the volume (X x Y x Z) along each ray, at least 0."""
    highest = torch.zeros(len(rays))
    lattice = occupancy.lattice
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, STEP * lattice.voxel_size)
        where = lattice.normalised(samples.points).flip(-1)[None, None, None]
        values = F.grid_sample(volume[None, None], where, align_corners=True)[0, 0, 0, 0]
        highest[part].scatter_reduce_(0, samples.ray, values, "amax")
    return highest


def _iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum().clamp_min(1))
