# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equidistant samples along rays, restricted to occupied voxels.

Samples are "packed": those of all rays lie in one list, ordered by ray and then by distance,
without padding (the layout of NerfAcc, Li et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .cuda import nerfacc
from .cuda.libraries import NERFACC, current
from .occupancy import Occupancy
from .rays import Rays, clip_to_box
from .voxel_grid import VoxelGrid

GROUP_SIZE = 6
"""Number of consecutive samples that one look-up in the dilated occupancy tests together."""


@dataclass
class RaySamples:
    """Packed samples, ordered by ray, then by distance."""

    points: Tensor
    """(p, 3) float32, world."""
    ray_indices: Tensor
    """(p,) int64, index of each sample's ray."""
    distance: Tensor
    """(p,) float32, world units from the ray's origin."""

    def where(self, mask: Tensor) -> RaySamples:
        """The samples for which the (p,) bool mask is true."""
        index = mask.nonzero()[:, 0]
        return RaySamples(*(values.index_select(0, index)
                            for values in (self.points, self.ray_indices, self.distance)))


def merge(parts: Sequence[RaySamples]) -> RaySamples:
    """All samples of the parts; on one ray, those of an earlier part come first."""
    ray_indices = torch.cat([part.ray_indices for part in parts])
    order = ray_indices.argsort(stable=True)
    return RaySamples(torch.cat([part.points for part in parts]).index_select(0, order),
                      ray_indices.index_select(0, order),
                      torch.cat([part.distance for part in parts]).index_select(0, order))


@dataclass
class SampleGroups:
    """Packed groups of consecutive samples, ordered by ray, then by distance."""

    ray_indices: Tensor
    """(g,) int64, index of each group's ray."""
    first: Tensor
    """(g,) int64, number of the group's first sample on its ray."""
    size: int = GROUP_SIZE
    """Samples in a group."""

    def where(self, mask: Tensor) -> SampleGroups:
        """The groups for which the (g,) bool mask is true."""
        index = mask.nonzero()[:, 0]
        return SampleGroups(self.ray_indices.index_select(0, index),
                            self.first.index_select(0, index), self.size)


@dataclass
class RaySteps:
    """Equidistant sample positions along each ray's range, before any are skipped."""

    rays: Rays
    step: float
    """Distance between samples, world units."""
    start: Tensor
    """(r,) float32, distance of a ray's first sample from its origin."""
    count: Tensor
    """(r,) int64, number of samples of a ray."""

    @classmethod
    def along(cls, rays: Rays, step: float, jitter: Tensor | None) -> RaySteps:
        """The positions for a step length; arguments as in `engine.fields.render.render`."""
        return cls(rays, step, rays.near + (0.5 if jitter is None else jitter) * step,
                   ((rays.far - rays.near) / step).ceil().clamp_min(0).long())

    def groups(self, occupancy: Occupancy) -> SampleGroups:
        """The groups that may contain an occupied sample. NerfAcc finds single samples instead
        where it may be used.
        """
        def by_nerfacc() -> SampleGroups:
            ray_indices, number = nerfacc.march(self.rays, self.start, self.count, self.step,
                                                occupancy)
            return SampleGroups(ray_indices, number, size=1)

        return current().either(NERFACC, occupancy.device, by_nerfacc,
                                lambda: self._near_groups(occupancy))

    def _near_groups(self, occupancy: Occupancy) -> SampleGroups:
        reach = (GROUP_SIZE - 1) / 2
        near_one = occupancy.dilated(reach * self.step)
        begin, end = self._groups_within(near_one.box, reach)
        number = (end - begin).clamp_min_(0)
        ray = torch.repeat_interleave(number)
        # The running number of a group, less that of its ray's first, plus where it begins.
        offset = begin - (number.cumsum(0) - number)
        first = (torch.arange(len(ray), device=ray.device)
                 + offset.index_select(0, ray)).mul_(GROUP_SIZE)
        groups = SampleGroups(ray, first)
        middles = _points(self.rays, ray,
                          self.start.index_select(0, ray) + (first + reach) * self.step)
        return groups.where(near_one.contains(middles))

    def _groups_within(self, box: VoxelGrid | None, reach: float) -> tuple[Tensor, Tensor]:
        """(r,) and (r,): each ray's first group whose middle may lie in the box, and the group
        after its last one.
        """
        if box is None:
            return torch.zeros_like(self.count), torch.zeros_like(self.count)
        near, far = ((distance - self.start).div_(self.step).sub_(reach).div_(GROUP_SIZE)
                     for distance in clip_to_box(self.rays.origins, self.rays.directions, box))
        groups = (self.count + GROUP_SIZE - 1) // GROUP_SIZE
        return near.floor().long().clamp_min(0), torch.minimum(far.ceil().long() + 1, groups)

    def samples(self, groups: SampleGroups, occupancy: Occupancy) -> RaySamples:
        """The groups' samples that lie in occupied voxels."""
        ray = groups.ray_indices.repeat_interleave(groups.size)
        number = (groups.first[:, None] + torch.arange(groups.size, device=ray.device)).flatten()
        distance = self.start.index_select(0, ray) + number * self.step
        points = _points(self.rays, ray, distance)
        return RaySamples(points, ray, distance).where(
            occupancy.contains(points) & (number < self.count.index_select(0, ray)))


def occupied_samples(rays: Rays, occupancy: Occupancy, step: float,
                     jitter: Tensor | None = None) -> RaySamples:
    """The equidistant samples of the rays' ranges that lie in occupied voxels.

    Arguments as in `engine.fields.render.render`.
    """
    steps = RaySteps.along(rays, step, jitter)
    return steps.samples(steps.groups(occupancy), occupancy)


def _points(rays: Rays, ray_indices: Tensor, distance: Tensor) -> Tensor:
    """(p, 3) world points at (p,) distances along the rays with these indices."""
    points = rays.directions.index_select(0, ray_indices).mul_(distance[:, None])
    return points.add_(rays.origins.index_select(0, ray_indices))
