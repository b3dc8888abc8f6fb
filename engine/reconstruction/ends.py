# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an object ends below and above, if it is flat there.

Silhouettes allow a cone below a flat base and a tent over a flat lid: cameras beside the object
look past them along the near edge. Colours can only tell if they differ, and nothing tells what no
camera sees. Things end in planes more often than in such cones, so they are cut off where the
lowest and highest rays of those cameras end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..fields.field import Field
from ..fields.rays import Rays
from ..fields.render import Occupancy, render
from ..fields.voxel import density_of

LOW = math.radians(15)
"""Elevation below which a camera sees an object's sides down to the base."""
ENOUGH = 4
"""So many such cameras stand around an object."""
WHOLLY = 0.9
"""Opacity from which a pixel lies on the object with nearly all of its area."""
OPAQUE = 0.5
"""Opacity from which a ray is taken to end on the object."""
STRAY = 0.0001
"""Share of such rays whose ends may lie anywhere."""
MARGIN_BELOW, MARGIN_ABOVE = 0.25, 0.75
"""Voxels between the last such end and the object's: half a pixel, and a little that rays, which go
down, end inside the object: too low."""
STEP = 0.75
"""Distance between samples along a ray, in voxels."""
SOLID = 8.0
"""Density that is part of the object."""
FLAT = 0.3
"""Share of its largest cross-section that an object has at an end that is flat."""


@dataclass(frozen=True)
class Ends:
    """Heights between which the object lies, world units; infinite where nothing is cut off."""

    low: float = -math.inf
    high: float = math.inf

    def depth(self, heights: Tensor) -> Tensor:
        """How far heights lie within, negative outside."""
        return torch.minimum(heights - self.low, self.high - heights)


OPEN = Ends()
"""Nothing is cut off."""


@torch.no_grad()
def find_ends(field: Field, rays: Rays, opacity: Tensor, cameras: Tensor,
              occupancy: Occupancy) -> Ends:
    """The flat ends of the object that a field shows.

    `rays`: those of the pictures that the field was fitted to, which `cameras` (N x 4 x 4) took and
    which show `opacity` (one value a ray): what only grazes the object ends anywhere behind it. If
    few of them stood beside the object, no end is known.
    """
    position = cameras[:, :3, 3]
    beside = position[:, 2] < math.sin(LOW) * position.norm(dim=-1)
    if int(beside.sum()) < ENOUGH:
        return OPEN
    heights, view = end_heights(field, rays, opacity, occupancy)
    size = field.lattice.voxel_size
    below, above = heights, heights[beside[view // (len(rays) // len(cameras))]]
    if not len(below) or not len(above):
        return OPEN
    low = _kth(below) - MARGIN_BELOW * size
    high = -_kth(-above) + MARGIN_ABOVE * size
    flat = _is_flat(field, [low + 2 * size, high - 2 * size])
    return Ends(low if flat[0] else -math.inf, high if flat[1] else math.inf)


def end_heights(field: Field, rays: Rays, opacity: Tensor, occupancy: Occupancy,
                chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """(E heights at which rays end on the object, E indices of those rays)."""
    rays, occupancy = rays.to(field.device), occupancy.to(field.device)
    opacity = opacity.to(field.device)
    heights, index = [], []
    for start in range(0, len(rays), chunk):
        part = rays[start:start + chunk]
        seen = render(field, part, occupancy, field.lattice.voxel_size * STEP)
        ending = (opacity[start:start + chunk] > WHOLLY) & (seen.alpha > OPAQUE)
        height = part.origins[:, 2] + seen.depth * part.directions[:, 2]
        heights.append(height[ending])
        index.append(ending.nonzero()[:, 0] + start)
    return torch.cat(heights).cpu(), torch.cat(index).cpu()


def _kth(values: Tensor) -> float:
    return float(values.kthvalue(1 + int(STRAY * len(values))).values)


def _is_flat(field: Field, heights: list[float]) -> list[bool]:
    """Whether the cross-sections at these heights are large ones."""
    grid = field.as_grid()
    areas = (density_of(grid.raw[0, 0]) > SOLID).sum((0, 1)).cpu()
    slices = grid.lattice.places(torch.tensor([[0.0, 0.0, height] for height in heights]))[:, 2]
    nearest = slices.round().long().clamp(0, len(areas) - 1)
    return (areas[nearest] >= FLAT * areas.max()).tolist()
