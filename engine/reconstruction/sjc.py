# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score Jacobian Chaining as Zero-1-to-3's 3drec does it (`--method sjc`).

Wang et al. 2023 (arXiv 2212.00774), with the losses of Zero-1-to-3, section 3.3. The field holds
latents, which are rendered at the latents' small size; the weights are those of run_zero123.py.
They are balanced for its guidance scale and number of latents, so with others they are scaled.
Unlike there, the grid is optimised coarse to fine and smoothed as it goes.
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
from .guidance import Cameras, Guide, ScoredRows, as_pictures, latent_shape, take_pictures

GUIDANCE_SCALE = 100.0
SCORED_LATENTS = 4 * 32 * 32
"""The score is a sum over the latents, all other losses are means."""
NOISE_STEPS = (10, 970)
"""Timesteps from which sigma is drawn."""
RADIUS = (1.8, 2.2)
HEIGHT = (-0.5, 2.2)
"""Cameras lower or higher than this aren't used."""
BACKGROUND_DEPTH = 10.0
PHOTO_WEIGHT = 1e4
PHOTO_DEPTH_WEIGHT = 0.1 * 1e4
NEAR_VIEW_WEIGHT = 1e4
NEAR_VIEW_DISTANCE = 0.05
DEPTH_SMOOTHNESS_WEIGHT = 1e4
DEPTH_SMOOTHNESS_FROM = 0.5
"""Share of the iterations after which novel views' depths are smoothed."""


class ScoreJacobianObjective:
    """Latent views that the model finds likely; the input view decodes to the input picture."""

    def __init__(self, guide: Guide, photo: Tensor, occupancy: Occupancy, steps: range,
                 iterations: int, guidance_scale: float, threads: int,
                 generator: torch.Generator) -> None:
        """`photo`: 1 x 3 x S x S in [0, 1] on white, at the model's size; `steps`: which of the
        `iterations` these are."""
        self.guide, self.photo, self.occupancy = guide, photo, occupancy
        self.guidance_scale = guidance_scale
        # Guidance amplifies the score. What keeps depths smooth must not outweigh a weaker one.
        self.regularity = guidance_scale / GUIDANCE_SCALE
        self.first, self.iterations = steps.start, iterations
        self.rows = ScoredRows(guide, threads)
        self.generator = generator
        self.background = background_latent(guide)

    def __call__(self, field: Field, step: int) -> Tensor:
        position = self._random_position()
        cameras = Cameras.at(position)
        y, depth = self._look(field, cameras)
        loss = -SCORED_LATENTS * (self._score(y.detach(), cameras).to(y.device) * y).mean()
        loss = loss + self._input_view(field)
        shift = torch.randn(1, 3, generator=self.generator)
        near = position + NEAR_VIEW_DISTANCE * F.normalize(shift)
        near_y, near_depth = self._look(field, Cameras.at(near))
        change = (near_y - y).abs().mean() + (near_depth - depth).abs().mean()
        loss = loss + self.regularity * NEAR_VIEW_WEIGHT * change
        if self.first + step >= self.iterations * DEPTH_SMOOTHNESS_FROM:
            loss = loss + self.regularity * DEPTH_SMOOTHNESS_WEIGHT * roughness(depth)
        return loss

    def _look(self, field: Field, cameras: Cameras) -> tuple[Tensor, Tensor]:
        """(latents 1 x 4 x h x w, depths 1 x 1 x h x w) of one camera."""
        size = self.guide.pipeline.unet.config.sample_size
        seen = take_pictures(field, cameras, size, self.occupancy, self.generator)
        return latents_of(seen, self.background), depths_of(seen)

    def _random_position(self) -> Tensor:
        """1 x 3: a direction uniform in the cube, at a random distance, neither too low nor too
        high."""
        while True:
            direction = F.normalize(torch.rand(1, 3, generator=self.generator) * 2 - 1)
            low, high = RADIUS
            radius = low + torch.rand(1, generator=self.generator) * (high - low)
            position = direction * radius
            if HEIGHT[0] < float(position[0, 2]) < HEIGHT[1]:
                return position

    def _score(self, y: Tensor, cameras: Cameras) -> Tensor:
        timestep = torch.randint(*NOISE_STEPS, (1,), generator=self.generator)
        noise = torch.randn(y.shape, generator=self.generator)
        pipeline = self.guide.pipeline
        device = pipeline.execution_device

        def score(rows: Tensor) -> Tensor:
            return score_jacobian(
                pipeline, self.guide.condition, y.to(device), self.guide.contexts(cameras),
                Perturbation(timestep.to(device), noise.to(device)), self.guidance_scale)

        return self.rows.run(len(cameras), score)

    def _input_view(self, field: Field) -> Tensor:
        """Error of the decoded input view, and its depth's roughness."""
        y, depth = self._look(field, self.guide.input_camera)
        pipeline = self.guide.pipeline
        vae, device = pipeline.vae, pipeline.execution_device

        def photo_gradient(rows: Tensor) -> Tensor:
            vae.use_tiling = pipeline.tiled_decoder
            latents = y.detach().to(device).requires_grad_()
            decoded = (vae.decode(latents / vae.config.scaling_factor).sample + 1) / 2
            error = F.mse_loss(decoded, self.photo.to(device))
            return torch.autograd.grad(error, latents)[0]

        gradient = self.rows.run(1, photo_gradient).to(y.device)
        return (PHOTO_WEIGHT * (gradient * y).sum()
                + self.regularity * PHOTO_DEPTH_WEIGHT * roughness(depth))


def latents_of(seen: Rendered, background: Tensor, count: int = 1) -> Tensor:
    """N x 4 x h x w latents in front of the background's."""
    return as_pictures(
        seen.rgb + (1 - seen.alpha[:, None]) * background.to(seen.rgb.device), count)


def depths_of(seen: Rendered) -> Tensor:
    """1 x 1 x h x w depths of one camera, the background far away."""
    return as_pictures((seen.depth * seen.alpha
                        + BACKGROUND_DEPTH * (1 - seen.alpha))[:, None], 1)


def roughness(depth: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, both directions averaged."""
    return (depth.diff(dim=-1).abs().mean() + depth.diff(dim=-2).abs().mean()) / 2


@torch.no_grad()
def background_latent(guide: Guide) -> Tensor:
    """4; mean scaled latent of a white picture."""
    pipeline = guide.pipeline
    size = pipeline.image_size
    pipeline.vae.use_tiling = False
    white = torch.ones(1, 3, size, size, device=pipeline.execution_device)
    posterior = as_memory_allows(pipeline.save_memory, lambda: pipeline.vae.encode(white))
    latent = posterior.latent_dist.mode() * pipeline.vae.config.scaling_factor
    assert latent.shape == latent_shape(pipeline, 1)
    return latent.mean(dim=(0, 2, 3)).cpu()
