# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score Jacobian Chaining as Zero-1-to-3's 3drec does it (`--method sjc`).

Wang et al. 2023 (arXiv 2212.00774), with the losses of Zero-1-to-3, section 3.3. The field holds
latents, which are rendered at the latents' small size. The weights are those of run_zero123.py;
they are balanced for its guidance scale and number of latents and are scaled for others. Unlike in
the original, the grid is optimised coarse to fine and is smoothed in each step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..diffusion.guidance import Perturbation, score_jacobian
from ..diffusion.memory_fallbacks import as_memory_allows
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.render import Rendered
from ..models.families import SJCParameters
from .guidance import (
    Cameras,
    ViewBatches,
    Zero123Guidance,
    as_images,
    latent_shape,
    render_images,
)
from .sds import ScoreSchedule

CONFIG = SJCParameters()
"""The parameters, which are the same for every model."""


class ScoreJacobianObjective:
    """Loss for latent views that the model finds unlikely, plus the decoded input view's error."""

    def __init__(self, guidance: Zero123Guidance, photo: Tensor, background: Tensor,
                 occupancy: Occupancy, guidance_scale: float, schedule: ScoreSchedule) -> None:
        """`photo`: 1 x 3 x S x S in [0, 1] on white, at the model's size; `background`: as of
        `background_latent`, learned."""
        self.guidance, self.photo, self.occupancy = guidance, photo, occupancy
        self.unit = guidance.input_radius / CONFIG.input_radius
        """World units in a unit of the original's world."""
        self.guidance_scale = guidance_scale
        # Guidance amplifies the score; the smoothness terms must not outweigh a weaker score.
        self.regularity = guidance_scale / CONFIG.guidance_scale
        self.schedule, self.generator = schedule, schedule.generator
        self.batches = ViewBatches(guidance, schedule.threads)
        self.background = background

    def __call__(self, field: Field, step: int) -> Tensor:
        position = self._random_position()
        cameras = Cameras.at_positions(position)
        y, depth = self._render(field, cameras)
        loss = -CONFIG.scored_latents * (self._score(y.detach(), cameras).to(y.device) * y).mean()
        loss = loss + self._input_view(field)
        shift = torch.randn(1, 3, generator=self.generator)
        near = position + CONFIG.near_view_distance * self.unit * F.normalize(shift)
        near_y, near_depth = self._render(field, Cameras.at_positions(near))
        change = (near_y - y).abs().mean() + (near_depth - depth).abs().mean()
        loss = loss + self.regularity * CONFIG.near_view_weight * change
        if self.schedule.share(step) >= CONFIG.depth_smoothness_from:
            weight = self.regularity * CONFIG.depth_smoothness_weight
            loss = loss + weight * roughness(depth)
        return loss

    def _render(self, field: Field, cameras: Cameras) -> tuple[Tensor, Tensor]:
        """(latents 1 x 4 x h x w, depths 1 x 1 x h x w) of one camera."""
        size = self.guidance.pipeline.unet.config.sample_size
        seen = render_images(field, cameras, size, self.occupancy, self.generator)
        return latents_of(seen, self.background), depths_of(seen)

    def _random_position(self) -> Tensor:
        """A camera's position (1 x 3): a direction uniform in the cube, at a random distance."""
        while True:
            direction = F.normalize(torch.rand(1, 3, generator=self.generator) * 2 - 1)
            low, high = CONFIG.radius_range
            radius = low + torch.rand(1, generator=self.generator) * (high - low)
            position = direction * radius
            if CONFIG.height_range[0] < float(position[0, 2]) < CONFIG.height_range[1]:
                return position * self.unit

    def _score(self, y: Tensor, cameras: Cameras) -> Tensor:
        timestep = torch.randint(*CONFIG.timesteps, (1,), generator=self.generator)
        noise = torch.randn(y.shape, generator=self.generator)
        pipeline = self.guidance.pipeline
        device = pipeline.execution_device

        def score(indices: Tensor) -> Tensor:
            return score_jacobian(
                pipeline, self.guidance.condition, y.to(device), self.guidance.contexts(cameras),
                Perturbation(timestep.to(device), noise.to(device)), self.guidance_scale)

        return self.batches.run(len(cameras), score)

    def _input_view(self, field: Field) -> Tensor:
        """Weighted error of the decoded input view, and the roughness of its depths."""
        y, depth = self._render(field, self.guidance.input_camera)
        pipeline = self.guidance.pipeline
        vae, device = pipeline.vae, pipeline.execution_device

        def photo_gradient(indices: Tensor) -> Tensor:
            vae.use_tiling = pipeline.tiled_decoder
            latents = y.detach().to(device).requires_grad_()
            decoded = vae.decode(latents / vae.config.scaling_factor).sample
            error = F.mse_loss(decoded, self.photo.to(device) * 2 - 1)
            return torch.autograd.grad(error, latents)[0]

        gradient = self.batches.run(1, photo_gradient).to(y.device)
        return (CONFIG.photo_weight * (gradient * y).sum()
                + self.regularity * CONFIG.photo_depth_weight * roughness(depth))


def latents_of(seen: Rendered, background: Tensor, count: int = 1) -> Tensor:
    """Rendered latents in front of the background's latents (C x h x w): N x C x h x w."""
    behind = background.to(seen.rgb.device)
    return as_images(seen.rgb, count) + (1 - as_images(seen.alpha[:, None], count)) * behind


def depths_of(seen: Rendered) -> Tensor:
    """Depths of one camera: 1 x 1 x h x w, world units; the background's are very large."""
    return as_images((seen.depth * seen.alpha
                      + CONFIG.background_depth * (1 - seen.alpha))[:, None], 1)


def roughness(depth: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, both directions averaged."""
    return (depth.diff(dim=-1).abs().mean() + depth.diff(dim=-2).abs().mean()) / 2


@torch.no_grad()
def background_latent(guidance: Zero123Guidance) -> Tensor:
    """The scaled latents of a white image: C x h x w. They differ at the borders."""
    pipeline = guidance.pipeline
    size = pipeline.image_size
    pipeline.vae.use_tiling = False
    white = torch.ones(1, 3, size, size, device=pipeline.execution_device)
    posterior = as_memory_allows(pipeline.save_memory, lambda: pipeline.vae.encode(white))
    latent = posterior.latent_dist.mode() * pipeline.vae.config.scaling_factor
    assert latent.shape == latent_shape(pipeline, 1)
    return latent[0].cpu()
