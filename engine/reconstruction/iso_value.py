# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The iso-value of a density volume whose silhouettes agree best with the images."""

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

CANDIDATES = (3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0, 40.0)
"""Candidate densities of the surface, per world unit."""
SMOOTHING_SIGMA = 0.8
"""Standard deviation of the Gaussian applied before marching cubes, voxels: it removes speckle and
keeps edges."""
RAW_MARGIN = 2.5
"""Raw densities are clamped this far beyond those of the candidates, because more extreme values
must not move the surface beside a voxel."""
RAY_STEP = 0.6
"""Distance between samples along a ray, voxels."""
MIN_DENSITY = 0.1
"""Lowest useful density per world unit: a cube of this density transmits 90 % of the light."""


@dataclass(frozen=True)
class Volume:
    """A volume from which a surface is extracted as an iso-surface."""

    values: Tensor
    """X x Y x Z, smoothed; 0 in empty space."""
    iso_values: tuple[float, ...]
    """Candidates, increasing."""


def raw_volume(raw: Tensor) -> Volume:
    """The volume of raw densities (X x Y x Z), which the renderer interpolates.

    The iso-surface of the densities themselves would lie a third of a voxel further out.

    Raises:
        EngineError: `BAD_INPUT` if nothing is dense.
    """
    candidates = [raw_of(density) for density in _candidates(float(density_of(raw).max()))]
    lowest, highest = candidates[0] - RAW_MARGIN, candidates[-1] + RAW_MARGIN
    values = torch.where(raw > EMPTY_RAW, raw.clamp(lowest, highest) - lowest, 0.0)
    return Volume(_smoothed(values), tuple(candidate - lowest for candidate in candidates))


def density_volume(raw: Tensor) -> Volume:
    """The volume of densities, computed from raw densities (X x Y x Z).

    Smoothing spreads specks of high density over the space between them.

    Raises:
        EngineError: `BAD_INPUT` if nothing is dense.
    """
    density = _smoothed(torch.where(raw > EMPTY_RAW, density_of(raw), 0.0))
    return Volume(density, _candidates(float(density.max())))


def _smoothed(values: Tensor) -> Tensor:
    return torch.from_numpy(ndimage.gaussian_filter(values.numpy(), SMOOTHING_SIGMA))


def _candidates(densest: float) -> tuple[float, ...]:
    """Candidate densities, scaled down for a field thinner than all of them."""
    if densest < MIN_DENSITY:
        raise EngineError(ErrorCode.BAD_INPUT, "the optimisation produced no solid object",
                          "use more iterations, another seed, or the method views")
    return CANDIDATES if densest > CANDIDATES[0] else tuple(
        density / CANDIDATES[-1] * densest for density in CANDIDATES[:-1])


def choose_iso_value(volume: Volume, rays: Rays, opacity: Tensor,
                     occupancy: Occupancy) -> float:
    """The candidate with the highest silhouette IoU over R rays whose images show `opacity` (R).

    `volume`: on the occupancy's voxel grid, as marching cubes will get it. A ray meets an
    iso-surface if its highest value exceeds the iso-value, so one pass serves all candidates.
    """
    highest = highest_value(volume.values, rays, occupancy)
    wanted = opacity > 0.5
    return max(volume.iso_values, key=lambda value: _iou(highest > value, wanted))


@torch.no_grad()
def highest_value(values: Tensor, rays: Rays, occupancy: Occupancy,
                  chunk: int = 16384) -> Tensor:
    """The largest interpolated value of a volume (X x Y x Z) along each of R rays: R."""
    highest = torch.zeros(len(rays))
    voxel_grid = occupancy.voxel_grid
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, RAY_STEP * voxel_grid.voxel_size)
        where = voxel_grid.normalised(samples.points).flip(-1)[None, None, None]
        found = F.grid_sample(values[None, None], where, align_corners=True)[0, 0, 0, 0]
        highest[part].scatter_reduce_(0, samples.ray_indices, found, "amax")
    return highest


def _iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum().clamp_min(1))
