# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loss of a field against posed images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.ray_marching import occupied_samples
from ..fields.rays import Rays, camera_rays, pixel_centres
from ..fields.render import render
from .alignment import Alignment
from .posed_images import PosedImages

RAY_STEP = 0.75
"""Distance between samples along a ray, voxels: below 1, so that no voxel is skipped."""


@dataclass(frozen=True)
class PhotometricConfig:
    """Weights of the loss."""

    rays_per_step: int = 4096
    """Rays in a random batch: 300 steps of 96^3 voxels then take about 13 s on two cores."""
    mask_weight: float = 0.5
    """Weight of the squared error of the opacity; the Huber loss of colours on white has 1."""
    opaque_weight: float = 0.02
    """Weight of alpha * (1 - alpha), which favours a solid object over fog."""
    colour_tolerance: float = 0.1
    """Colour error beyond which the loss is linear (Huber 1964), so that the fit approaches the
    median of disagreeing views, not their mean."""


class PhotometricObjective:
    """The error of the images that a field renders, over a random batch of rays."""

    def __init__(self, images: PosedImages, alignment: Alignment, occupancy: Occupancy,
                 step: float, generator: torch.Generator,
                 config: PhotometricConfig | None = None) -> None:
        """`occupancy`: where the field may be dense; rays that miss it are left out. `step`:
        distance between samples along a ray, world units."""
        self.config = config or PhotometricConfig()
        self.occupancy, self.generator, self.alignment = occupancy, generator, alignment
        self.step = step
        images = images.to(occupancy.device)
        count, size = images.rgba.shape[:2]
        rays = camera_rays(images.camera_to_world, size, images.fov_deg, occupancy.voxel_grid)
        rays = clipped_to_occupancy(rays, occupancy, step)
        hit = rays.far > rays.near
        self.rays = rays[hit]
        self.rgba = images.rgba
        self.coords = pixel_centres(size).to(hit.device).repeat(count, 1)[hit]
        self.view = hit.nonzero()[:, 0] // size**2
        self.weight = images.weight / images.weight.mean()

    def __call__(self, field: Field, step: int) -> Tensor:
        config = self.config
        pick = torch.randint(len(self.rays), (config.rays_per_step,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator).to(field.device)
        pick = pick.to(field.device)
        seen = render(field, self.rays[pick], self.occupancy, self.step, jitter)
        view = self.view[pick]
        target = self.alignment.sample(self.rgba, view, self.coords[pick])
        colour = F.huber_loss(
            seen.rgb - seen.alpha[:, None], target[:, :3] - target[:, 3:], reduction="none",
            delta=config.colour_tolerance).sum(-1) / config.colour_tolerance
        mask = (seen.alpha - target[:, 3]).square()
        loss = (colour + config.mask_weight * mask
                + config.opaque_weight * seen.alpha * (1 - seen.alpha))
        return (self.weight[view] * loss).mean() + self.alignment.penalty()


def clipped_to_occupancy(rays: Rays, occupancy: Occupancy, step: float,
                         chunk: int = 16384) -> Rays:
    """The rays with their ranges cut to where they cross occupied voxels.

    `step`: distance between the samples that test for them, world units.
    """
    near, far = torch.full_like(rays.near, torch.inf), torch.full_like(rays.far, -torch.inf)
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, step)
        near[part].scatter_reduce_(0, samples.ray_indices, samples.distance - step, "amin")
        far[part].scatter_reduce_(0, samples.ray_indices, samples.distance + step, "amax")
    return Rays(rays.origins, rays.directions, near, far)
