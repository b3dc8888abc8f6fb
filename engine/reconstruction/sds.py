# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score distillation sampling as threestudio does it for Zero123 (`--method sds`).

DreamFusion (Poole et al. 2023), section 3; weights and schedules of threestudio's zero123.yaml,
for Stable Zero123 of its stable-zero123.yaml.
Differences: a voxel grid instead of a hash grid; the training set's lens and distance instead of a
narrow lens from afar (the object has the same size in the frame); normals from the rendered depths,
and the grid's own smoothing in place of a loss on normals in space; the losses on the photo use a
random batch of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..diffusion import Perturbation, Zero123Pipeline, score_distillation
from ..fields.field import Field
from ..fields.normals import rendered_normals, roughness
from ..fields.occupancy import Occupancy
from ..fields.rays import camera_rays
from ..fields.render import render
from ..models.families import SDSParameters, family_of
from .guidance import (
    Cameras,
    ViewBatches,
    Zero123Guidance,
    as_images,
    evaluations_per_view,
    latent_shape,
    render_rays,
)
from .photometric import RAY_STEP
from .posed_images import PosedImages

REFERENCE_RAYS = 4096
"""Rays of the photo in a step."""
ELEVATION_DEG = (-10.0, 80.0)
"""Range of the novel views' elevations."""


@dataclass(frozen=True)
class SDSSettings(SDSParameters):
    """The parameters of score distillation, and quantities derived from them."""

    @classmethod
    def of(cls, pipeline: Zero123Pipeline) -> SDSSettings:
        """The parameters of a model's family."""
        family = family_of(pipeline.config.pose_encoding, pipeline.image_size)
        return cls(**vars(family.sds))

    def batch(self, share: float) -> tuple[int, int]:
        """(views, side in pixels) after a share of the iterations."""
        return next((count, size) for start, count, size in reversed(self.stages) if share >= start)

    def max_rays(self, image_size: int) -> int:
        """The largest number of rays rendered in one step, for a model of this image size."""
        return REFERENCE_RAYS + max(count * min(size, image_size)**2
                                    for _, count, size in self.stages)

    def unet_evaluations(self, iterations: int) -> int:
        """UNet evaluations in a number of iterations."""
        views = sum(self.batch(step / iterations)[0] for step in range(iterations))
        return views * evaluations_per_view(self.guidance_scale)


@dataclass(frozen=True)
class ScoreSchedule:
    """The part of an optimisation that an objective covers, and the networks' threads."""

    steps: range
    """The steps of this level, of all steps counted from 0."""
    iterations: int
    """Steps of the whole optimisation."""
    threads: int
    """CPU threads of the networks."""
    generator: torch.Generator

    def share(self, step: int) -> float:
        """Share of all iterations done before a step of this level."""
        return (self.steps.start + step) / self.iterations


class ScoreDistillationObjective:
    """Loss for novel views that the model finds unlikely, plus the error of the photo."""

    def __init__(self, guidance: Zero123Guidance, photo: PosedImages, occupancy: Occupancy,
                 settings: SDSSettings, schedule: ScoreSchedule) -> None:
        """`photo`: the photo alone."""
        self.guidance, self.occupancy, self.settings = guidance, occupancy, settings
        self.schedule, self.generator = schedule, schedule.generator
        self.batches = ViewBatches(guidance, schedule.threads)
        photo = photo.to(occupancy.device)
        self.target = photo.rgba.reshape(-1, 4)
        self.rays = camera_rays(photo.camera_to_world, photo.rgba.shape[1], photo.fov_deg,
                                occupancy.voxel_grid)

    def __call__(self, field: Field, step: int) -> Tensor:
        share = self.schedule.share(step)
        count, size = self.settings.batch(share)
        size = min(size, self.guidance.pipeline.image_size)
        cameras = self._random_cameras(count)
        rays = cameras.rays(size, field.voxel_grid, field.device)
        seen = render_rays(field, rays, self.occupancy, self.generator)
        rgb = as_images(seen.rgb + (1 - seen.alpha[:, None]), count).permute(0, 2, 3, 1)
        gradient = self._score(rgb.detach(), cameras, share).to(rgb.device)
        return (self.settings.score_weight * (gradient * rgb).sum()
                + self._reference(field, share)
                + self.settings.normal_weight.at(share)
                * roughness(rendered_normals(rays, seen, count))
                + self.settings.sparsity_weight * (seen.alpha**2 + 0.01).sqrt().mean()
                + self.settings.opaque_weight * entropy(seen.alpha))

    def _random_cameras(self, count: int) -> Cameras:
        """Cameras at the input camera's distance: half of them uniform in elevation, half uniform
        on the sphere."""
        u = torch.rand(3, count, generator=self.generator)
        low, high = torch.deg2rad(torch.tensor(ELEVATION_DEG))
        sphere = torch.asin(low.sin() + u[1] * (high.sin() - low.sin()))
        elevation = torch.where(u[2] < 0.5, low + u[1] * (high - low), sphere)
        return Cameras(u[0] * 360, elevation.rad2deg(),
                       torch.full((count,), self.guidance.input_radius))

    def _score(self, rgb: Tensor, cameras: Cameras, share: float) -> Tensor:
        """Gradient of the score distillation with respect to N x H x W x 3 images."""
        pipeline, settings = self.guidance.pipeline, self.settings
        total = pipeline.scheduler.config.num_train_timesteps
        low, high = settings.min_noise.at(share), settings.max_noise.at(share)
        u = torch.rand(len(cameras), generator=self.generator)
        timesteps = ((low + u * (high - low)) * total).long().clamp(1, total - 1)
        noise, posterior_noise = torch.randn(2, *latent_shape(pipeline, len(cameras)),
                                             generator=self.generator)
        device = pipeline.execution_device

        def gradient(indices: Tensor) -> Tensor:
            some = rgb[indices].to(device).requires_grad_()
            distilled = score_distillation(
                pipeline, self.guidance.condition, some,
                self.guidance.contexts(cameras.at_indices(indices)),
                Perturbation(timesteps[indices].to(device), noise[indices].to(device)),
                posterior_noise[indices].to(device), settings.guidance_scale)
            # The loss is a mean over the batch.
            share_of_views = len(indices) / len(cameras)
            return share_of_views * torch.autograd.grad(distilled.loss, some)[0]

        return self.batches.run(len(cameras), gradient)

    def _reference(self, field: Field, share: float) -> Tensor:
        """Weighted squared errors of the photo's colours (on the object) and opacity."""
        pick = torch.randint(len(self.rays), (REFERENCE_RAYS,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator).to(field.device)
        pick = pick.to(field.device)
        seen = render(field, self.rays[pick], self.occupancy,
                      field.voxel_grid.voxel_size * RAY_STEP, jitter)
        target = self.target[pick]
        error = (seen.rgb + (1 - seen.alpha[:, None])) - (target[:, :3] + (1 - target[:, 3:]))
        mask = (target[:, 3] > 0.5).float()
        return (self.settings.rgb_weight.at(share) * (error.square().mean(-1) * mask).mean()
                + self.settings.mask_weight * (seen.alpha - target[:, 3]).square().mean())


def entropy(opacity: Tensor) -> Tensor:
    """Mean binary entropy of opacities, smallest where all are 0 or 1."""
    p = opacity.clamp(1e-3, 1 - 1e-3)
    return -(p * p.log() + (1 - p) * (-p).log1p()).mean()
