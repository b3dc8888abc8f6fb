# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume rendering of a field, packed and in two passes.

Most samples along a ray lie in empty space or behind the surface. So samples are first culled by a
grid of occupied voxels (in groups, then one by one), then weighed without gradients, the front of
each ray first, and only those with a weight that can be seen are evaluated again with gradients.
"Packed" means that the samples of all rays lie in one list, ordered by ray and distance, with no
padding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from .field import Field
from .libraries import NERFACC, current
from .ray_marching import marched
from .rays import Rays, clip_to_box
from .voxel_grid import Lattice

GROUP = 6
"""Samples along a ray that are culled together."""
FRONT_GROUPS = 4
"""Occupied groups of a ray that are weighed before it is known whether light gets past them."""
MIN_WEIGHT = 1e-3
"""Samples that contribute less than this to their pixel are not differentiated."""


@dataclass
class Rendered:
    """What R rays see."""

    rgb: Tensor
    """R x C features of the field, premultiplied: for RGB, add (1 - alpha) for a white
    background."""
    alpha: Tensor
    """R; opacity in [0, 1]."""
    depth: Tensor
    """R; distance from the ray's origin, averaged over what it sees; 0 where it sees nothing."""


@dataclass
class Samples:
    """P points along rays, ordered by ray, then by distance."""

    points: Tensor
    """P x 3, world."""
    ray: Tensor
    """P; index of the ray a point lies on."""
    distance: Tensor
    """P; from the ray's origin."""

    def where(self, mask: Tensor) -> Samples:
        """Those that a P bool mask names."""
        index = mask.nonzero()[:, 0]
        return Samples(*(values.index_select(0, index)
                         for values in (self.points, self.ray, self.distance)))


def joined(parts: Sequence[Samples]) -> Samples:
    """All of them; of the same ray, the earlier parts' first."""
    ray = torch.cat([part.ray for part in parts])
    order = ray.argsort(stable=True)
    return Samples(torch.cat([part.points for part in parts]).index_select(0, order),
                   ray.index_select(0, order),
                   torch.cat([part.distance for part in parts]).index_select(0, order))


class Occupancy:
    """Which parts of a lattice's box can hold something."""

    def __init__(self, voxels: Tensor, lattice: Lattice) -> None:
        """`voxels`: bool, of the lattice's shape."""
        self.voxels, self.lattice = voxels, lattice
        self._widened: dict[int, Occupancy] = {0: self}

    @property
    def device(self) -> torch.device:
        """Where the points are to be."""
        return self.voxels.device

    def to(self, device: torch.device) -> Occupancy:
        """The same on a device."""
        return self if device == self.device else Occupancy(self.voxels.to(device), self.lattice)

    def contains(self, points: Tensor) -> Tensor:
        """P bool: whether the voxel nearest to each of P x 3 points is occupied."""
        shape = self.lattice.shape
        x, y, z = (values.long().clamp_(0, count - 1) for values, count in zip(
            self.lattice.places(points).add_(0.5).unbind(1), shape, strict=True))
        return torch.take(self.voxels, (x * shape[1] + y) * shape[2] + z)

    def widened(self, distance: float) -> Occupancy:
        """Contains every point that is within this distance, along each axis, of a point that this
        one contains. Kept for the next time.
        """
        radius = math.ceil(distance / self.lattice.voxel_size)
        if radius not in self._widened:
            wider = F.max_pool3d(self.voxels[None, None].float(), 2 * radius + 1, stride=1,
                                 padding=radius)[0, 0] > 0
            self._widened[radius] = Occupancy(wider, self.lattice)
        return self._widened[radius]

    @cached_property
    def box(self) -> Lattice | None:
        """What it contains lies in this one's box; None if that is nothing."""
        places = self.voxels.nonzero()
        if not len(places):
            return None
        size = self.lattice.voxel_size
        low, high = places.amin(0).cpu().tolist(), places.amax(0).cpu().tolist()
        x, y, z = (a + (place - 0.5) * size for a, place in zip(self.lattice.low, low, strict=True))
        i, j, k = (last - first + 2 for first, last in zip(low, high, strict=True))
        return Lattice((x, y, z), size, (i, j, k))


@dataclass
class Groups:
    """G groups of samples in a row, ordered by ray, then by distance."""

    ray: Tensor
    """G; index of the ray a group lies on."""
    nth: Tensor
    """G; number of a group's first sample on its ray."""
    size: int = GROUP
    """Samples of a group."""

    def where(self, mask: Tensor) -> Groups:
        """Those that a G bool mask names."""
        index = mask.nonzero()[:, 0]
        return Groups(self.ray.index_select(0, index), self.nth.index_select(0, index), self.size)


def render(field: Field, rays: Rays, occupancy: Occupancy, step: float,
           jitter: Tensor | None = None) -> Rendered:
    """Render rays by the emission-absorption model (Max 1995; NeRF, equation 3).

    `step` is the distance between samples in world units; `jitter`, R in [0, 1), shifts each ray's
    samples by a fraction of it (default: the middle of each step).
    """
    samples = visible_samples(field, rays, occupancy, step, jitter)
    return composite(field, samples, len(rays), step)


@torch.no_grad()
def visible_samples(field: Field, rays: Rays, occupancy: Occupancy, step: float,
                    jitter: Tensor | None = None) -> Samples:
    """The occupied samples that contribute at least `MIN_WEIGHT` to their pixel.

    Each ray's first groups are weighed first: behind most of them no light is left, so nothing
    there needs to be looked up.
    """
    spaced = Spacing.of(rays, step, jitter)
    groups = spaced.groups(occupancy)
    front = FRONT_GROUPS * GROUP // groups.size
    is_front = torch.ones_like(groups.ray, dtype=torch.bool)
    is_front[front:] = groups.ray[front:] != groups.ray[:-front]
    light = torch.ones_like(rays.near)
    visible = []
    for part in (is_front, ~is_front):
        lit = part & (light > MIN_WEIGHT).index_select(0, groups.ray)
        samples = spaced.samples(groups.where(lit), occupancy)
        weight = absorption_weights(field.density(samples.points), samples.ray, step)
        weight *= light.index_select(0, samples.ray)
        light.index_add_(0, samples.ray, weight, alpha=-1)
        visible.append(samples.where(weight > MIN_WEIGHT))
    return joined(visible)


def render_dense(field: Field, rays: Rays, occupancy: Occupancy, step: float,
                 jitter: Tensor | None = None) -> Rendered:
    """The same without the second cull: every sample is differentiated. Reference for tests."""
    return composite(field, occupied_samples(rays, occupancy, step, jitter), len(rays), step)


def occupied_samples(rays: Rays, occupancy: Occupancy, step: float,
                     jitter: Tensor | None = None) -> Samples:
    """Equidistant samples of the rays' ranges that lie in occupied voxels."""
    spaced = Spacing.of(rays, step, jitter)
    return spaced.samples(spaced.groups(occupancy), occupancy)


@dataclass
class Spacing:
    """Where the samples of rays lie: equidistant along their ranges."""

    rays: Rays
    step: float
    first: Tensor
    """R; distance of a ray's first sample from its origin."""
    count: Tensor
    """R; samples of a ray."""

    @classmethod
    def of(cls, rays: Rays, step: float, jitter: Tensor | None) -> Spacing:
        """Arguments as in `render`."""
        return cls(rays, step, rays.near + (0.5 if jitter is None else jitter) * step,
                   ((rays.far - rays.near) / step).ceil().clamp_min(0).long())

    def groups(self, occupancy: Occupancy) -> Groups:
        """Groups that have something near them, looked up as one: most have nothing."""
        return current().either(
            NERFACC, occupancy.device, lambda: Groups(*marched(self, occupancy), size=1),
            lambda: self._near_groups(occupancy))

    def _near_groups(self, occupancy: Occupancy) -> Groups:
        reach = (GROUP - 1) / 2
        near_one = occupancy.widened(reach * self.step)
        begin, end = self._groups_within(near_one.box, reach)
        number = (end - begin).clamp_min_(0)
        ray = torch.repeat_interleave(number)
        # The running number of a group, less that of its ray's first, plus where it begins.
        start = begin - (number.cumsum(0) - number)
        nth = (torch.arange(len(ray), device=ray.device) + start.index_select(0, ray)).mul_(GROUP)
        groups = Groups(ray, nth)
        middles = _points(self.rays, ray,
                          self.first.index_select(0, ray) + (nth + reach) * self.step)
        return groups.where(near_one.contains(middles))

    def _groups_within(self, box: Lattice | None, reach: float) -> tuple[Tensor, Tensor]:
        """(R, R) numbers of the rays' first groups that may have their middles in a box, and of
        those after the last."""
        if box is None:
            return torch.zeros_like(self.count), torch.zeros_like(self.count)
        near, far = ((distance - self.first).div_(self.step).sub_(reach).div_(GROUP)
                     for distance in clip_to_box(self.rays.origins, self.rays.directions, box))
        groups = (self.count + GROUP - 1) // GROUP
        return near.floor().long().clamp_min(0), torch.minimum(far.ceil().long() + 1, groups)

    def samples(self, groups: Groups, occupancy: Occupancy) -> Samples:
        """The groups' samples that lie in occupied voxels."""
        ray = groups.ray.repeat_interleave(groups.size)
        nth = (groups.nth[:, None] + torch.arange(groups.size, device=ray.device)).flatten()
        distance = self.first.index_select(0, ray) + nth * self.step
        points = _points(self.rays, ray, distance)
        return Samples(points, ray, distance).where(
            occupancy.contains(points) & (nth < self.count.index_select(0, ray)))


def _points(rays: Rays, ray: Tensor, distance: Tensor) -> Tensor:
    """P x 3: points at distances along the rays with these indices."""
    points = rays.directions.index_select(0, ray).mul_(distance[:, None])
    return points.add_(rays.origins.index_select(0, ray))


def absorption_weights(density: Tensor, ray: Tensor, step: float) -> Tensor:
    """P; how much each packed sample contributes to its pixel.

    The optical depth in front of a sample is a running sum over the whole list, less its value at
    the ray's first sample; it needs double precision because it grows over all rays.
    """
    if not len(ray):
        return density
    absorbed = density * step
    before = absorbed.double().cumsum(0) - absorbed
    first = torch.arange(len(ray), device=ray.device)
    first[1:].masked_fill_(ray[1:] == ray[:-1], 0)
    in_front = (before - before.index_select(0, first.cummax(0).values)).to(density.dtype)
    return torch.exp(-in_front) * -torch.expm1(-absorbed)


def composite(field: Field, samples: Samples, ray_count: int, step: float) -> Rendered:
    """Evaluate the field at packed samples and add them up along their rays."""
    density, rgb = field(samples.points)
    weight = absorption_weights(density, samples.ray, step)
    values = torch.cat([rgb, torch.ones_like(rgb[:, :1]), samples.distance[:, None]], dim=-1)
    total = values.new_zeros(ray_count, values.shape[1]).index_add(
        0, samples.ray, weight[:, None] * values)
    alpha = total[:, -2]
    return Rendered(total[:, :-2], alpha, total[:, -1] / alpha.clamp_min(1e-6))
