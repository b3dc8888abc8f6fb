# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an object ends below and above.

Silhouettes allow a cone below a base and a tent over a flat lid: cameras beside it look past along
the near edge. Colours can only tell if they differ, and nothing tells what no camera sees. Things
end in planes more often than in such cones, so they are cut off where those planes' edges are seen,
and what is round below, where it would end if it went on like that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import Rays
from ..fields.render import render
from ..fields.voxel_field import density_of
from ..fields.voxel_grid import VoxelGrid
from ..mesh.triangles import FloatArray
from .silhouette_bounds import Outlines, outlines

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
STEP = 0.75
"""Distance between samples along a ray, in voxels."""
SOLID = 8.0
"""Density that is part of the object."""
INNER = 0.75
"""Voxels from an end to the cross-section that is taken to be as wide."""
PASSES = 2
"""Looks for that cross-section; the last rays' ends, where the first begins, are a little off."""
FACING = 0.7
"""Cosine between the directions in which an object ends and an outline of it bounds it, at least.
"""
STRAY_OUTLINES = 1
"""So many outlines may leave too much room."""
WIDE = 0.35
"""Share of its largest cross-section that an object has at a flat base or lid."""
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
def find_ends(field: Field, rays: Rays, alpha: Tensor, cameras: Tensor, fov_deg: float,
              occupancy: Occupancy) -> Ends:
    """The ends of the object that a field shows.

    `rays`: those of the pictures that the field was fitted to, which `cameras` (N x 4 x 4) took and
    which show opacities (`alpha`: N x S x S). If few of them stood beside the object, no end is
    known.
    """
    position = cameras[:, :3, 3]
    beside = position[:, 2] < math.sin(LOW) * position.norm(dim=-1)
    if int(beside.sum()) < ENOUGH:
        return OPEN
    heights, view = end_heights(field, rays, alpha, occupancy)
    from_beside = beside[view]
    solid = (density_of(field.as_grid().raw[0, 0]) > SOLID).cpu()
    if not from_beside.any() or not solid.any():
        return OPEN
    bounds = outlines(alpha[beside], cameras[beside], fov_deg)
    above = _Sections.upwards(solid, field.voxel_grid)
    below = above.reversed()
    last = _last(-heights)
    low = _end(below, bounds, last)
    if not below.flat_at(low):
        low = _round_end(below, bounds, last)
    high = _end(above, bounds, _last(heights[from_beside]))
    return Ends(-low, high if above.flat_at(high) else math.inf)


def end_heights(field: Field, rays: Rays, alpha: Tensor, occupancy: Occupancy,
                chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """(E heights at which rays end on the object, E indices of the pictures they belong to).

    Only of pixels that lie on it wholly: what grazes it ends anywhere behind.
    """
    whole = (alpha.reshape(-1) > WHOLLY).nonzero()[:, 0]
    occupancy = occupancy.to(field.device)
    heights, index = [], []
    for part in whole.split(chunk):
        there = rays[part].to(field.device)
        seen = render(field, there, occupancy, field.voxel_grid.voxel_size * STEP)
        height = there.origins[:, 2] + seen.depth * there.directions[:, 2]
        ending = (seen.alpha > OPAQUE).cpu()
        heights.append(height.cpu()[ending])
        index.append(part[ending])
    return torch.cat(heights), torch.cat(index) // alpha[0].numel()


@dataclass(frozen=True)
class _Sections:
    """Level cross-sections of an object, a voxel apart."""

    direction: Tensor
    """3: up or down, as they are seen."""
    size: float
    """Of a voxel."""
    points: Tensor
    """M x 3: what the object is made of."""
    offsets: FloatArray
    """Z, along the direction, rising."""
    areas: FloatArray
    """Z, in voxels."""

    @classmethod
    def upwards(cls, solid: Tensor, voxel_grid: VoxelGrid) -> _Sections:
        """Of what is solid, with what it encloses: a rim is as flat as a lid."""
        areas = [ndimage.binary_fill_holes(part).sum() for part in solid.numpy().T]
        return cls(torch.tensor([0.0, 0.0, 1.0]), voxel_grid.voxel_size,
                   voxel_grid.centres()[solid.reshape(-1)], np.array(voxel_grid.axis(2), float),
                   np.array(areas, float))

    def reversed(self) -> _Sections:
        """The same, seen the other way."""
        return replace(self, direction=-self.direction, offsets=-self.offsets[::-1],
                       areas=self.areas[::-1])

    def around(self, offset: float) -> Tensor:
        """Points of the one there."""
        return self.points[(self.points @ self.direction - offset).abs() <= self.size / 2]

    def areas_before(self, end: float) -> tuple[float, float]:
        """Those `INSIDE` of an end."""
        near, far = np.interp(end - np.array(INSIDE) * self.size, self.offsets, self.areas)
        return float(near), float(far)

    def flat_at(self, end: float) -> bool:
        """Whether a base or lid is flat that ends there."""
        near, far = self.areas_before(end)
        drawn_out = near - (far - near) * INSIDE[0] / (INSIDE[1] - INSIDE[0])
        flat = near >= WIDE * self.areas.max() or drawn_out >= STEADY * far > 0
        return math.isfinite(end) and flat


def _end(sections: _Sections, bounds: Outlines, last: float) -> float:
    """Where outlines bound what is as wide as the object close to its end; infinite if few do.

    `last`: about there.
    """
    bounds = bounds.facing(sections.direction, FACING)
    end = last
    for _ in range(PASSES):
        points = sections.around(end - INNER * sections.size)
        if len(bounds) <= STRAY_OUTLINES or not len(points):
            return math.inf
        reach = bounds.reach(points, sections.direction).amin(1)
        end = float(reach.sort(descending=True).values[STRAY_OUTLINES])
    return end


def _round_end(sections: _Sections, bounds: Outlines, last: float) -> float:
    """Where a paraboloid ends that grows like the object and touches the outlines' cone; infinite
    where few bound it.

    Its cross-section grows by 2 pi r for every unit along its axis, and a plane of slope s that
    touches it meets the axis r s^2 / 2 beyond its vertex. `last`: about where the object ends.
    """
    bounds = bounds.facing(sections.direction, FACING)
    points = sections.around(last - INNER * sections.size)
    if len(bounds) <= STRAY_OUTLINES or not len(points):
        return math.inf
    centre = points.mean(0)
    tip = bounds.reach(centre[None], sections.direction).median()
    slope = bounds.slopes(centre, sections.direction).median()
    near, far = sections.areas_before(last)
    radius = max(far - near, 0) * sections.size / (2 * math.pi * (INSIDE[1] - INSIDE[0]))
    return float(tip - radius * slope**2 / 2)


def _last(values: Tensor) -> float:
    """Nearly the largest."""
    return -float((-values).kthvalue(1 + int(STRAY * len(values))).values)
