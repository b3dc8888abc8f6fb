# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimates the lower and upper end of an object.

Silhouettes admit a cone below a flat base and a tent over a flat lid, because cameras beside the
object look past the near edge. Colours rule them out only where they differ. Objects end in planes
more often than in such cones, so the field is cut off at the planes whose edges the silhouettes
show. An object that is round below is cut off where it would end if it continued its curvature.
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
from .silhouette_bounds import SilhouetteBounds, silhouette_bounds

SOLID_DENSITY = 8.0
"""Density per world unit from which a voxel is part of the object."""


@dataclass(frozen=True)
class ZBoundsConfig:
    """Constants of the estimate. Flat ends are far more common than pointed ones, and the limits
    below separate the two."""

    max_elevation_deg: float = 15.0
    """Elevation below which a camera sees an object's sides down to the base."""
    min_cameras: int = 4
    """Minimum number of such cameras; with fewer, nothing is cut off."""
    whole_opacity: float = 0.9
    """Opacity from which nearly all of a pixel's area lies on the object."""
    hit_opacity: float = 0.5
    """Opacity from which a ray ends on the object."""
    stray_rays: float = 0.0001
    """Share of the lowest and highest of these ends that is ignored as outliers."""
    ray_step: float = 0.75
    """Distance between samples along a ray, voxels."""
    inset: float = 0.75
    """Voxels from an end to the cross-section that is taken as its width."""
    passes: int = 2
    """Searches for that cross-section; the first starts at the ends of the rays, which are less
    precise."""
    min_cosine: float = 0.7
    """Minimum cosine between the direction of an end and the normal of a silhouette's plane that
    bounds it."""
    stray_planes: int = 1
    """Number of planes that may leave too much space."""
    wide_end: float = 0.35
    """Minimum share of its largest cross-section that an object has at a flat end."""
    steady_end: float = 0.7
    """Minimum share of its inner cross-section that an object has, extrapolated, at a flat end that
    is narrow, such as a bottle's."""
    cross_sections: tuple[float, float] = (2.0, 8.0)
    """Voxels from the end to the cross-sections by which its shape is judged."""


CONFIG = ZBoundsConfig()


@dataclass(frozen=True)
class ZBounds:
    """Heights between which the object lies, world units; infinite where nothing is cut off."""

    low: float = -math.inf
    high: float = math.inf

    def depth(self, heights: Tensor) -> Tensor:
        """Distance of heights (any shape) from the nearer bound, negative outside."""
        return torch.minimum(heights - self.low, self.high - heights)


UNBOUNDED = ZBounds()
"""Nothing is cut off."""


@dataclass(frozen=True)
class ZBoundsInputs:
    """The images to which a field was fitted."""

    rays: Rays
    """Rays through the N * S * S pixels."""
    alpha: Tensor
    """Opacities of the pixels: N x S x S."""
    cameras: Tensor
    """N x 4 x 4, camera to world."""
    fov_deg: float
    occupancy: Occupancy
    """Voxels in which the field may be dense."""


@torch.no_grad()
def estimate_z_bounds(field: Field, images: ZBoundsInputs) -> ZBounds:
    """The ends of the object in a field; unbounded if few cameras stood beside the object."""
    position = images.cameras[:, :3, 3]
    lowest = math.sin(math.radians(CONFIG.max_elevation_deg))
    beside = position[:, 2] < lowest * position.norm(dim=-1)
    if int(beside.sum()) < CONFIG.min_cameras:
        return UNBOUNDED
    heights, view = hit_heights(field, images.rays, images.alpha, images.occupancy)
    from_beside = beside[view]
    solid = (density_of(field.as_grid().raw[0, 0]) > SOLID_DENSITY).cpu()
    if not from_beside.any() or not solid.any():
        return UNBOUNDED
    bounds = silhouette_bounds(images.alpha[beside], images.cameras[beside], images.fov_deg)
    above = _CrossSections.upwards(solid, field.voxel_grid)
    below = above.reversed()
    last = _nearly_largest(-heights)
    low = _flat_end(below, bounds, last)
    if not below.flat_at(low):
        low = _round_end(below, bounds, last)
    high = _flat_end(above, bounds, _nearly_largest(heights[from_beside]))
    return ZBounds(-low, high if above.flat_at(high) else math.inf)


def hit_heights(field: Field, rays: Rays, alpha: Tensor, occupancy: Occupancy,
                chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """The heights (E) at which rays end on the object, and the indices (E) of their images.

    Only rays of pixels that lie wholly on the object count: the others may end far behind it.
    """
    whole = (alpha.reshape(-1) > CONFIG.whole_opacity).nonzero()[:, 0]
    occupancy = occupancy.to(field.device)
    heights, index = [], []
    for part in whole.split(chunk):
        there = rays[part].to(field.device)
        seen = render(field, there, occupancy, field.voxel_grid.voxel_size * CONFIG.ray_step)
        height = there.origins[:, 2] + seen.depth * there.directions[:, 2]
        ending = (seen.alpha > CONFIG.hit_opacity).cpu()
        heights.append(height.cpu()[ending])
        index.append(part[ending])
    return torch.cat(heights), torch.cat(index) // alpha[0].numel()


@dataclass(frozen=True)
class _CrossSections:
    """Horizontal cross-sections of an object, one voxel apart."""

    direction: Tensor
    """3: up or down, the direction of the end in question."""
    size: float
    """Side of a voxel, world units."""
    points: Tensor
    """M x 3: the object's voxels."""
    offsets: FloatArray
    """Z: coordinates along the direction, increasing."""
    areas: FloatArray
    """Z, voxels."""

    @classmethod
    def upwards(cls, solid: Tensor, voxel_grid: VoxelGrid) -> _CrossSections:
        """Cross-sections of solid voxels, with enclosed holes filled, so that a rim is flat."""
        areas = [ndimage.binary_fill_holes(part).sum() for part in solid.numpy().T]
        return cls(torch.tensor([0.0, 0.0, 1.0]), voxel_grid.voxel_size,
                   voxel_grid.centres()[solid.reshape(-1)], np.array(voxel_grid.axis(2), float),
                   np.array(areas, float))

    def reversed(self) -> _CrossSections:
        """The same cross-sections in the opposite direction."""
        return replace(self, direction=-self.direction, offsets=-self.offsets[::-1],
                       areas=self.areas[::-1])

    def around(self, offset: float) -> Tensor:
        """The points of the cross-section at an offset: K x 3."""
        return self.points[(self.points @ self.direction - offset).abs() <= self.size / 2]

    def areas_before(self, end: float) -> tuple[float, float]:
        """The areas of the two cross-sections by which an end is judged, the nearer one first."""
        inside = end - np.array(CONFIG.cross_sections) * self.size
        near, far = np.interp(inside, self.offsets, self.areas)
        return float(near), float(far)

    def flat_at(self, end: float) -> bool:
        """Whether the object has a flat base or lid at an end."""
        near, far = self.areas_before(end)
        first, second = CONFIG.cross_sections
        extrapolated = near - (far - near) * first / (second - first)
        flat = (near >= CONFIG.wide_end * self.areas.max()
                or extrapolated >= CONFIG.steady_end * far > 0)
        return math.isfinite(end) and flat


def _flat_end(sections: _CrossSections, bounds: SilhouetteBounds, last: float) -> float:
    """The coordinate to which an end's cross-section can move outwards within the silhouettes.

    `last`: rough coordinate of the end. Infinite if too few silhouettes bound it.
    """
    bounds = bounds.facing(sections.direction, CONFIG.min_cosine)
    end = last
    for _ in range(CONFIG.passes):
        points = sections.around(end - CONFIG.inset * sections.size)
        if len(bounds) <= CONFIG.stray_planes or not len(points):
            return math.inf
        reach = bounds.reach(points, sections.direction).amin(1)
        end = float(reach.sort(descending=True).values[CONFIG.stray_planes])
    return end


def _round_end(sections: _CrossSections, bounds: SilhouetteBounds, last: float) -> float:
    """The vertex of a paraboloid that widens like the object and touches the silhouettes' cone.

    The area of its cross-section grows by 2 pi r per unit along its axis, and a tangent plane of
    slope s meets the axis r s^2 / 2 beyond its vertex. `last`: rough coordinate of the end.
    Infinite if too few silhouettes bound it.
    """
    bounds = bounds.facing(sections.direction, CONFIG.min_cosine)
    points = sections.around(last - CONFIG.inset * sections.size)
    if len(bounds) <= CONFIG.stray_planes or not len(points):
        return math.inf
    centre = points.mean(0)
    tip = bounds.reach(centre[None], sections.direction).median()
    slope = bounds.slopes(centre, sections.direction).median()
    near, far = sections.areas_before(last)
    first, second = CONFIG.cross_sections
    radius = max(far - near, 0) * sections.size / (2 * math.pi * (second - first))
    return float(tip - radius * slope**2 / 2)


def _nearly_largest(values: Tensor) -> float:
    """The largest value, without a share of outliers."""
    return -float((-values).kthvalue(1 + int(CONFIG.stray_rays * len(values))).values)
