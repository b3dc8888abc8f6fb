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

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ..fields.field import Field
from ..fields.rays import Rays
from ..fields.render import Occupancy, render
from ..fields.voxel import density_of
from ..mesh.triangles import FloatArray

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
MARGIN_BELOW, MARGIN_ABOVE = 0.25, 0.5
"""Voxels between the last such end and the object's: half a pixel; rays that go down end inside the
object, so a little too low."""
STEP = 0.75
"""Distance between samples along a ray, in voxels."""
SOLID = 8.0
"""Density that is part of the object."""
WIDE = 0.35
"""Share of its largest cross-section that an object has at an end that is flat."""
STEADY = 0.7
"""Share of its cross-section a little inside that it has there, too, if the end is flat and narrow,
as a bottle's is: from the cross-sections there on, it is drawn out evenly."""
INSIDE = (2.0, 8.0)
"""Voxels from the end to the cross-sections that tell."""


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
    sections = _sections(field)
    return Ends(low if sections.flat_at(low, 1) else -math.inf,
                high if sections.flat_at(high, -1) else math.inf)


def end_heights(field: Field, rays: Rays, opacity: Tensor, occupancy: Occupancy,
                chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """(E heights at which rays end on the object, E indices of those rays)."""
    whole = (opacity > WHOLLY).nonzero()[:, 0]
    occupancy = occupancy.to(field.device)
    heights, index = [], []
    for part in whole.split(chunk):
        there = rays[part].to(field.device)
        seen = render(field, there, occupancy, field.lattice.voxel_size * STEP)
        height = there.origins[:, 2] + seen.depth * there.directions[:, 2]
        ending = (seen.alpha > OPAQUE).cpu()
        heights.append(height.cpu()[ending])
        index.append(part[ending])
    return torch.cat(heights), torch.cat(index)


def _kth(values: Tensor) -> float:
    return float(values.kthvalue(1 + int(STRAY * len(values))).values)


@dataclass(frozen=True)
class _Sections:
    """Cross-sections of an object, from below."""

    heights: FloatArray
    """Z, world units."""
    areas: FloatArray
    """Z, in voxels, with what they enclose: a rim is as flat as a lid."""

    def flat_at(self, end: float, inwards: int) -> bool:
        """Whether the object ends flat at a height; it lies above (1) or below (-1)."""
        places = end + inwards * np.array(INSIDE) * (self.heights[1] - self.heights[0])
        near, far = np.interp(places, self.heights, self.areas)
        drawn_out = near - (far - near) * INSIDE[0] / (INSIDE[1] - INSIDE[0])
        return bool(near >= WIDE * self.areas.max() > 0 or drawn_out >= STEADY * far > 0)


def _sections(field: Field) -> _Sections:
    grid = field.as_grid()
    solid = (density_of(grid.raw[0, 0]) > SOLID).permute(2, 0, 1).cpu().numpy()
    areas = [ndimage.binary_fill_holes(section).sum() for section in solid]
    return _Sections(grid.lattice.axis(2).numpy(), np.array(areas, float))
