# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume rendering of a field, packed and in two passes.

Most samples along a ray lie in empty space or behind the surface. So samples are first culled by a
grid of occupied voxels, then weighed without gradients, and only those with a weight that can be
seen are evaluated again with gradients. "Packed" means that the samples of all rays lie in one
list, ordered by ray and distance, with no padding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .rays import Rays
from .voxel import VoxelField

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


@dataclass
class Occupancy:
    """Which parts of the cube can hold something."""

    voxels: Tensor
    """X x Y x Z bool, the outermost voxels on the cube's faces."""
    half_extent: float

    def contains(self, points: Tensor) -> Tensor:
        """P bool: whether the voxel nearest to each of P x 3 points is occupied."""
        count = self.voxels.shape[-1]
        index = (points + self.half_extent).mul_((count - 1) / (2 * self.half_extent)).add_(0.5)
        index = index.long().clamp_(0, count - 1)
        return torch.take(self.voxels, (index[:, 0] * count + index[:, 1]) * count + index[:, 2])


def render(field: VoxelField, rays: Rays, occupancy: Occupancy, step: float,
           jitter: Tensor | None = None) -> Rendered:
    """Render rays by the emission-absorption model (Max 1995; NeRF, equation 3).

    `step` is the distance between samples in world units; `jitter`, R in [0, 1), shifts each ray's
    samples by a fraction of it (default: the middle of each step).
    """
    samples = occupied_samples(rays, occupancy, step, jitter)
    with torch.no_grad():
        weight = absorption_weights(field.density(samples.points), samples.ray, step)
    return composite(field, samples.where(weight > MIN_WEIGHT), len(rays), step)


def render_dense(field: VoxelField, rays: Rays, occupancy: Occupancy, step: float,
                 jitter: Tensor | None = None) -> Rendered:
    """The same without the second cull: every sample is differentiated. Reference for tests."""
    return composite(field, occupied_samples(rays, occupancy, step, jitter), len(rays), step)


def occupied_samples(rays: Rays, occupancy: Occupancy, step: float,
                     jitter: Tensor | None = None) -> Samples:
    """Equidistant samples of the rays' ranges that lie in occupied voxels."""
    count = ((rays.far - rays.near) / step).ceil().clamp_min(0).long()
    ray = torch.repeat_interleave(torch.arange(len(rays)), count)
    nth = torch.arange(len(ray)) - (count.cumsum(0) - count).index_select(0, ray)
    offset = torch.full_like(rays.near, 0.5) if jitter is None else jitter
    distance = (rays.near + offset * step).index_select(0, ray) + nth * step
    points = rays.directions.index_select(0, ray).mul_(distance[:, None])
    points += rays.origins.index_select(0, ray)
    return Samples(points, ray, distance).where(occupancy.contains(points))


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


def composite(field: VoxelField, samples: Samples, ray_count: int, step: float) -> Rendered:
    """Evaluate the field at packed samples and add them up along their rays."""
    density, rgb = field(samples.points)
    weight = absorption_weights(density, samples.ray, step)
    values = torch.cat([rgb, torch.ones_like(rgb[:, :1]), samples.distance[:, None]], dim=-1)
    total = values.new_zeros(ray_count, values.shape[1]).index_add(
        0, samples.ray, weight[:, None] * values)
    alpha = total[:, -2]
    return Rendered(total[:, :-2], alpha, total[:, -1] / alpha.clamp_min(1e-6))
