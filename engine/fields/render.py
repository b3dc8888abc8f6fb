# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume rendering of a field, packed and in two passes.

Most samples along a ray lie in empty space or behind the surface. So samples are first culled by a
grid of occupied voxels (in groups, then one by one), then weighed without gradients, and only those
with a weight that can be seen are evaluated again with gradients. "Packed" means that the samples
of all rays lie in one list, ordered by ray and distance, with no padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .field import Field
from .lattice import Lattice
from .rays import Rays

GROUP = 6
"""Samples along a ray that are culled together."""
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


class Occupancy:
    """Which parts of a lattice's box can hold something."""

    def __init__(self, voxels: Tensor, lattice: Lattice) -> None:
        """`voxels`: bool, of the lattice's shape."""
        self.voxels, self.lattice = voxels, lattice
        self._widened: dict[int, Occupancy] = {0: self}

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


def render(field: Field, rays: Rays, occupancy: Occupancy, step: float,
           jitter: Tensor | None = None) -> Rendered:
    """Render rays by the emission-absorption model (Max 1995; NeRF, equation 3).

    `step` is the distance between samples in world units; `jitter`, R in [0, 1), shifts each ray's
    samples by a fraction of it (default: the middle of each step).
    """
    samples = occupied_samples(rays, occupancy, step, jitter)
    with torch.no_grad():
        weight = absorption_weights(field.density(samples.points), samples.ray, step)
    return composite(field, samples.where(weight > MIN_WEIGHT), len(rays), step)


def render_dense(field: Field, rays: Rays, occupancy: Occupancy, step: float,
                 jitter: Tensor | None = None) -> Rendered:
    """The same without the second cull: every sample is differentiated. Reference for tests."""
    return composite(field, occupied_samples(rays, occupancy, step, jitter), len(rays), step)


def occupied_samples(rays: Rays, occupancy: Occupancy, step: float,
                     jitter: Tensor | None = None) -> Samples:
    """Equidistant samples of the rays' ranges that lie in occupied voxels.

    `GROUP` samples in a row are looked up as one first: most groups have nothing near them.
    """
    count = ((rays.far - rays.near) / step).ceil().clamp_min(0).long()
    first = rays.near + (0.5 if jitter is None else jitter) * step
    groups = (count + GROUP - 1) // GROUP
    ray = torch.repeat_interleave(torch.arange(len(rays)), groups)
    nth = GROUP * (torch.arange(len(ray)) - (groups.cumsum(0) - groups).index_select(0, ray))
    reach = (GROUP - 1) / 2
    middles = _points(rays, ray, first.index_select(0, ray) + (nth + reach) * step)
    near = occupancy.widened(reach * step).contains(middles).nonzero()[:, 0]
    ray, nth = ray.index_select(0, near), nth.index_select(0, near)
    ray = ray.repeat_interleave(GROUP)
    nth = (nth[:, None] + torch.arange(GROUP)).flatten()
    distance = first.index_select(0, ray) + nth * step
    points = _points(rays, ray, distance)
    return Samples(points, ray, distance).where(
        occupancy.contains(points) & (nth < count.index_select(0, ray)))


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
    is_first = torch.ones_like(ray, dtype=torch.bool)
    is_first[1:] = ray[1:] != ray[:-1]
    segment = is_first.cumsum(0) - 1
    in_front = (before - before[is_first][segment]).to(density.dtype)
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
