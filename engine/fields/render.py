# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume rendering of a field over packed samples, in two passes.

Most samples along a ray lie in empty space or behind the surface. Samples in unoccupied voxels are
skipped first. The rest are weighted without gradients, the front of each ray before its back, and
only those whose weight is visible are evaluated again with gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .field import Field
from .occupancy import Occupancy
from .ray_marching import GROUP_SIZE, RaySamples, RaySteps, merge, occupied_samples
from .rays import Rays

FRONT_GROUPS = 4
"""Number of occupied groups of a ray that are weighted before the transmittance behind them is
known. Most surfaces are opaque after these."""
MIN_WEIGHT = 1e-3
"""Samples that contribute less than this to their pixel are not differentiated: 16 ms instead of
167 ms per 64 px view of a trained field, at a cosine of 0.94 between the gradients."""


@dataclass
class Rendered:
    """The colour, opacity and depth of r rays."""

    rgb: Tensor
    """(r, c) float32, the field's features, premultiplied: add (1 - alpha) for a white background.
    """
    alpha: Tensor
    """(r,) float32, opacity in [0, 1]."""
    depth: Tensor
    """(r,) float32, mean distance from the ray's origin, weighted by contribution, world units; 0
    where the ray meets nothing."""


def render(field: Field, rays: Rays, occupancy: Occupancy, step: float,
           jitter: Tensor | None = None) -> Rendered:
    """Render rays by the emission-absorption model (Max 1995; NeRF, equation 3).

    Args:
        step: distance between samples, world units.
        jitter: (r,) float32 in [0, 1), shifts each ray's samples by a fraction of the step; by
            default samples lie in the middle of each step.
    """
    samples = visible_samples(field, rays, occupancy, step, jitter)
    return composite(field, samples, len(rays), step)


@torch.no_grad()
def visible_samples(field: Field, rays: Rays, occupancy: Occupancy, step: float,
                    jitter: Tensor | None = None) -> RaySamples:
    """The occupied samples that contribute at least `MIN_WEIGHT` to their pixel.

    Each ray's first groups are weighted first. Rays on which they leave no transmittance need no
    look-ups behind them.
    """
    steps = RaySteps.along(rays, step, jitter)
    groups = steps.groups(occupancy)
    front = FRONT_GROUPS * GROUP_SIZE // groups.size
    is_front = torch.ones_like(groups.ray_indices, dtype=torch.bool)
    is_front[front:] = groups.ray_indices[front:] != groups.ray_indices[:-front]
    transmittance = torch.ones_like(rays.near)
    visible = []
    for part in (is_front, ~is_front):
        lit = part & (transmittance > MIN_WEIGHT).index_select(0, groups.ray_indices)
        samples = steps.samples(groups.where(lit), occupancy)
        weight = render_weights(field.density(samples.points), samples.ray_indices, step)
        weight *= transmittance.index_select(0, samples.ray_indices)
        transmittance.index_add_(0, samples.ray_indices, weight, alpha=-1)
        visible.append(samples.where(weight > MIN_WEIGHT))
    return merge(visible)


def render_dense(field: Field, rays: Rays, occupancy: Occupancy, step: float,
                 jitter: Tensor | None = None) -> Rendered:
    """As `render`, but with gradients for every occupied sample: the reference in tests."""
    return composite(field, occupied_samples(rays, occupancy, step, jitter), len(rays), step)


def render_weights(density: Tensor, ray_indices: Tensor, step: float) -> Tensor:
    """The contribution of each packed sample to its pixel, (p,) in [0, 1].

    The optical depth in front of a sample is a running sum over the whole list minus its value at
    the ray's first sample. It is computed in double precision because it grows over all rays.

    Args:
        density: (p,), per world unit.
        ray_indices: (p,), ascending.
        step: distance between samples, world units.
    """
    if not len(ray_indices):
        return density
    absorbed = density * step
    before = absorbed.double().cumsum(0) - absorbed
    first = torch.arange(len(ray_indices), device=ray_indices.device)
    first[1:].masked_fill_(ray_indices[1:] == ray_indices[:-1], 0)
    in_front = (before - before.index_select(0, first.cummax(0).values)).to(density.dtype)
    return torch.exp(-in_front) * -torch.expm1(-absorbed)


def composite(field: Field, samples: RaySamples, ray_count: int, step: float) -> Rendered:
    """Evaluate the field at packed samples and sum their contributions per ray."""
    density, rgb = field(samples.points)
    weight = render_weights(density, samples.ray_indices, step)
    values = torch.cat([rgb, torch.ones_like(rgb[:, :1]), samples.distance[:, None]], dim=-1)
    total = values.new_zeros(ray_count, values.shape[1]).index_add(
        0, samples.ray_indices, weight[:, None] * values)
    alpha = total[:, -2]
    return Rendered(total[:, :-2], alpha, total[:, -1] / alpha.clamp_min(1e-6))
