# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a voxel radiance field to pictures with known cameras, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.rays import Rays, camera_rays
from ..fields.render import Occupancy, occupied_samples, render
from ..fields.voxel import EMPTY_RAW, VoxelField
from .hull import Hull
from .optimise import optimise

RAYS_PER_STEP = 4096
MASK_WEIGHT = 0.5
"""Of the squared opacity error, against the Huber loss of the colours on white."""
OPAQUE_WEIGHT = 0.02
"""Of alpha * (1 - alpha): the object is solid, not fog."""
COLOUR_TOLERANCE = 0.1
"""Colour errors beyond this count linearly: generated views disagree, and the median view wins."""
SMOOTHING = torch.tensor([0.02, 0.01, 0.01, 0.01])
"""Share of the difference to a neighbour that is evened out at each step."""
LEARNING_RATE = (0.3, 0.05)
"""Of Adam at the first and the last step of a level, in raw grid units."""
COARSE_SHARE = 0.4
"""Part of the iterations spent on a grid of half the resolution."""


@dataclass
class Pictures:
    """N pictures to fit."""

    rgba: Tensor
    """N x S x S x 4, premultiplied."""
    camera_to_world: Tensor
    """N x 4 x 4."""
    fov_deg: float
    weight: Tensor
    """N; how much a picture counts."""

    def shrunk(self, size: int) -> Pictures:
        """The same at size x size pixels (averaged), unless they are that small already."""
        if self.rgba.shape[1] <= size:
            return self
        smaller = F.interpolate(self.rgba.permute(0, 3, 1, 2), (size, size), mode="area")
        return Pictures(smaller.permute(0, 2, 3, 1).contiguous(), self.camera_to_world,
                        self.fov_deg, self.weight)


class PhotometricObjective:
    """How badly a field reproduces the pictures, over a random batch of rays."""

    def __init__(self, pictures: Pictures, occupancy: Occupancy, step: float,
                 generator: torch.Generator) -> None:
        size = pictures.rgba.shape[1]
        rays = camera_rays(pictures.camera_to_world, size, pictures.fov_deg, occupancy.half_extent)
        rays = tightened(rays, occupancy, step)
        # Rays that miss the bound can't be changed by the field.
        hit = rays.far > rays.near
        self.rays = rays[hit]
        self.target = pictures.rgba.reshape(-1, 4)[hit]
        self.view = torch.arange(len(hit))[hit] // size**2
        self.weight = pictures.weight / pictures.weight.mean()
        self.occupancy, self.step, self.generator = occupancy, step, generator

    def __call__(self, field: VoxelField, step: int) -> Tensor:
        pick = torch.randint(len(self.rays), (RAYS_PER_STEP,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator)
        seen = render(field, self.rays[pick], self.occupancy, self.step, jitter)
        target = self.target[pick]
        colour = F.huber_loss(seen.rgb - seen.alpha[:, None], target[:, :3] - target[:, 3:],
                              reduction="none", delta=COLOUR_TOLERANCE).sum(-1) / COLOUR_TOLERANCE
        mask = (seen.alpha - target[:, 3]).square()
        loss = colour + MASK_WEIGHT * mask + OPAQUE_WEIGHT * seen.alpha * (1 - seen.alpha)
        return (self.weight[self.view[pick]] * loss).mean()


def fit_field(pictures: Pictures, hull: Hull, *, iterations: int, generator: torch.Generator,
              on_step: Callable[[int, int], None]) -> VoxelField:
    """The field that reproduces the pictures, within the hull's bound and at its resolution.

    `on_step(done, total)` is called after every step.
    """
    resolution = hull.bound.shape[-1]
    coarse = round(iterations * COARSE_SHARE)
    field = initial_field(hull).resampled(resolution // 2)
    done = 0
    for level, steps in ((resolution // 2, coarse), (resolution, iterations - coarse)):
        if field.resolution != level:
            field = field.resampled(level)
        # A pixel about as large as a voxel: more would cost time and show nothing new.
        objective = PhotometricObjective(pictures.shrunk(level * 4 // 3), occupancy_of(hull),
                                         field.voxel_size * 0.75, generator)
        optimise(field, objective, steps, learning_rate=_decay(steps), smoothing=SMOOTHING,
                 on_step=_counted(on_step, done, iterations))
        done += steps
    return field


def initial_field(hull: Hull) -> VoxelField:
    """Dense where all views see the object, thin where only the vote lets it be, empty outside."""
    field = VoxelField(hull.bound.shape[-1], hull.half_extent)
    dense = (hull.agreement - 0.85) / 0.15 * 3
    with torch.no_grad():
        field.raw[0, 0] = torch.where(hull.bound, dense.clamp_min(-3), EMPTY_RAW)
    return field


def occupancy_of(hull: Hull) -> Occupancy:
    """The hull's bound, one voxel larger all round for interpolation."""
    larger = F.max_pool3d(hull.bound[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
    return Occupancy(larger, hull.half_extent)


def tightened(rays: Rays, occupancy: Occupancy, step: float, chunk: int = 16384) -> Rays:
    """The same rays with their ranges cut to where they cross occupied voxels."""
    near, far = torch.full_like(rays.near, torch.inf), torch.full_like(rays.far, -torch.inf)
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, step)
        near[part].scatter_reduce_(0, samples.ray, samples.distance - step, "amin")
        far[part].scatter_reduce_(0, samples.ray, samples.distance + step, "amax")
    return Rays(rays.origins, rays.directions, near, far)


def _counted(on_step: Callable[[int, int], None], first: int, total: int) -> Callable[[int], None]:
    return lambda step: on_step(first + step + 1, total)


def _decay(steps: int) -> Callable[[int], float]:
    first, last = LEARNING_RATE
    return lambda step: first * (last / first) ** (step / max(steps - 1, 1))
