# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fog ends: the density level whose silhouettes agree best with the pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.rays import Rays
from ..fields.render import Occupancy, occupied_samples
from ..protocol import EngineError, ErrorCode

LEVELS = (3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0, 40.0)
"""Candidates, in density per world unit."""
STEP = 0.6
"""Distance between samples along a ray, in voxels."""
LEAST_DENSITY = 0.1
"""The whole cube at this density would let nine tenths of the light through."""


def choose_level(density: Tensor, rays: Rays, opacity: Tensor, occupancy: Occupancy) -> float:
    """The candidate with the highest silhouette IoU over R rays whose pictures show `opacity`.

    `density`: X x Y x Z, of the occupancy's lattice, as marching cubes will see it. A level set's
    silhouette is where a ray's highest density exceeds the level, so one pass serves all
    candidates. A fog thinner than all of them gets the same candidates in shares of its own highest
    density.

    Raises:
        EngineError: `BAD_INPUT` if there is next to nothing.
    """
    densest = float(density.max())
    if densest < LEAST_DENSITY:
        raise EngineError(ErrorCode.BAD_INPUT, "nothing solid came out of the optimisation",
                          "give it more iterations, another seed, or use the method views")
    levels = LEVELS if densest > LEVELS[0] else tuple(
        level / LEVELS[-1] * densest for level in LEVELS[:-1])
    highest = highest_density(density, rays, occupancy)
    wanted = opacity > 0.5
    return max(levels, key=lambda level: _iou(highest > level, wanted))


@torch.no_grad()
def highest_density(density: Tensor, rays: Rays, occupancy: Occupancy,
                    chunk: int = 16384) -> Tensor:
    """R; the largest interpolated density along each ray."""
    highest = torch.zeros(len(rays))
    lattice = occupancy.lattice
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, STEP * lattice.voxel_size)
        where = lattice.normalised(samples.points).flip(-1)[None, None, None]
        values = F.grid_sample(density[None, None], where, align_corners=True)[0, 0, 0, 0]
        highest[part].scatter_reduce_(0, samples.ray, values, "amax")
    return highest


def _iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum().clamp_min(1))
