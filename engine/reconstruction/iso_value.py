# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fog ends: the level whose silhouettes agree best with the pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from ..fields.occupancy import Occupancy
from ..fields.ray_marching import occupied_samples
from ..fields.rays import Rays
from ..fields.voxel_field import EMPTY_RAW, density_of, raw_of

LEVELS = (3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0, 40.0)
"""Candidates, in density per world unit."""
SMOOTHING_SIGMA = 0.8
"""Of a volume before marching cubes, in voxels: removes speckle, keeps edges."""
SPAN = 2.5
"""Raw density beyond the candidates that still counts: how empty or how dense a voxel is otherwise
must not move the surface beside it."""
STEP = 0.6
"""Distance between samples along a ray, in voxels."""
LEAST_DENSITY = 0.1
"""The whole cube at this density would let nine tenths of the light through."""


@dataclass(frozen=True)
class Volume:
    """What a surface is a level set of."""

    values: Tensor
    """X x Y x Z, smoothed, 0 where nothing is."""
    levels: tuple[float, ...]
    """Candidates for the level, rising."""


def raw_volume(raw: Tensor) -> Volume:
    """X x Y x Z raw densities, which are what the renderer interpolates: the level set of the
    densities themselves lies a third of a voxel further out.

    Raises:
        EngineError: `BAD_INPUT` if there is next to nothing.
    """
    levels = [raw_of(density) for density in _candidates(float(density_of(raw).max()))]
    lowest = levels[0] - SPAN
    values = torch.where(raw > EMPTY_RAW, raw.clamp(lowest, levels[-1] + SPAN) - lowest, 0.0)
    return Volume(_smoothed(values), tuple(level - lowest for level in levels))


def density_volume(raw: Tensor) -> Volume:
    """The densities of X x Y x Z raw ones. Smoothed, specks of high density count for the space
    between them, too.

    Raises:
        EngineError: `BAD_INPUT` if there is next to nothing.
    """
    density = _smoothed(torch.where(raw > EMPTY_RAW, density_of(raw), 0.0))
    return Volume(density, _candidates(float(density.max())))


def _smoothed(values: Tensor) -> Tensor:
    return torch.from_numpy(ndimage.gaussian_filter(values.numpy(), SMOOTHING_SIGMA))


def _candidates(densest: float) -> tuple[float, ...]:
    """Densities at which the surface may lie; in a fog thinner than all of them, the same in shares
    of its own highest density."""
    if densest < LEAST_DENSITY:
        raise EngineError(ErrorCode.BAD_INPUT, "nothing solid came out of the optimisation",
                          "give it more iterations, another seed, or use the method views")
    return LEVELS if densest > LEVELS[0] else tuple(
        level / LEVELS[-1] * densest for level in LEVELS[:-1])


def choose_level(volume: Volume, rays: Rays, opacity: Tensor, occupancy: Occupancy) -> float:
    """The candidate with the highest silhouette IoU over R rays whose pictures show `opacity`.

    `volume`: of the occupancy's voxel grid, as marching cubes will see it. A level set's silhouette
    is where a ray's highest value exceeds the level, so one pass serves all candidates.
    """
    highest = highest_value(volume.values, rays, occupancy)
    wanted = opacity > 0.5
    return max(volume.levels, key=lambda level: _iou(highest > level, wanted))


@torch.no_grad()
def highest_value(values: Tensor, rays: Rays, occupancy: Occupancy,
                  chunk: int = 16384) -> Tensor:
    """R; the largest interpolated value of an X x Y x Z volume along each ray."""
    highest = torch.zeros(len(rays))
    voxel_grid = occupancy.voxel_grid
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, STEP * voxel_grid.voxel_size)
        where = voxel_grid.normalised(samples.points).flip(-1)[None, None, None]
        found = F.grid_sample(values[None, None], where, align_corners=True)[0, 0, 0, 0]
        highest[part].scatter_reduce_(0, samples.ray_indices, found, "amax")
    return highest


def _iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum().clamp_min(1))
