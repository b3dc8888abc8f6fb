# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The training objective of Zero-1-to-3 (equation 2), on precomputed latents."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler
from torch import Tensor, nn

from .latents import LatentViews, random_pairs
from .loop import LossFunction, Measure, mixed_precision
from .nano import Zero123Denoiser

DROP = 0.05
"""Probability of each kind of conditioning dropout: embedding only, both, latent only."""


def conditioning_dropout(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(keep_embedding, keep_concat), `count` ones and zeros each.

    As the original draws them from one number r: r < 2p drops the CLIP embedding (the pose stays),
    p <= r < 3p drops the concatenated latent.
    """
    r = torch.rand(count, generator=generator)
    return (r >= 2 * DROP).float(), ((r < DROP) | (r >= 3 * DROP)).float()


def denoising_loss(data: LatentViews, objects: Tensor, scheduler: DDIMScheduler, batch_size: int,
                   high_noise_power: float = 0.3, pure_noise_share: float = 0.5,
                   huber_delta: float = 0.0) -> LossFunction:
    """Error of the predicted velocity: squared as in the paper, or Huber's if a delta is given.

    The best answer to the squared error is the mean of all views that are possible, soft wherever
    the outline is uncertain; to Huber's with a small delta it is nearly the median, which there
    decides between object and background.

    `pure_noise_share` of the timesteps are the last one, where the latent shows nothing of the new
    view: what a single step makes of that is nano's default. The others are drawn as
    1000 * u^`high_noise_power` with uniform u: below 1 this favours high noise, where the shape of
    the new view is decided.
    """
    def loss(denoiser: nn.Module, generator: torch.Generator) -> Tensor:
        assert isinstance(denoiser, Zero123Denoiser)
        batch = random_pairs(data, objects, batch_size, generator)
        noisy, timestep, velocity = add_noise(batch.target, scheduler, generator,
                                              high_noise_power, pure_noise_share)
        keep_embedding, keep_concat = conditioning_dropout(batch_size, generator)
        predicted = denoiser(noisy, timestep, batch.concat * keep_concat[:, None, None, None],
                             batch.pixels, batch.pose, keep_embedding[:, None])
        if huber_delta:
            return F.huber_loss(predicted.float(), velocity, delta=huber_delta) / huber_delta
        return F.mse_loss(predicted.float(), velocity)

    return loss


def add_noise(clean: Tensor, scheduler: DDIMScheduler, generator: torch.Generator,
              high_noise_power: float = 1.0,
              pure_noise_share: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """(noisy latents, timesteps, what the network is to predict) of clean latents, N x 4 x h x w.

    Noise or velocity is wanted, by the schedule's prediction type. The timesteps are uniform, as
    in the paper, unless the last two arguments say otherwise (see `denoising_loss`).
    """
    count, total = len(clean), scheduler.config.num_train_timesteps
    noise = torch.randn(clean.shape, generator=generator)
    u = torch.rand(count, generator=generator)
    timestep = (total * u**high_noise_power).long().clamp(max=total - 1)
    timestep[:round(count * pure_noise_share)] = total - 1
    noisy = scheduler.add_noise(clean, noise, timestep)
    if scheduler.config.prediction_type == "v_prediction":
        return noisy, timestep, scheduler.get_velocity(clean, noise, timestep)
    return noisy, timestep, noise


def first_step_error(data: LatentViews, objects: Tensor, scheduler: DDIMScheduler, pairs: int = 128,
                     seed: int = 0) -> Measure:
    """Mean squared error of the latents that a single step makes of pure noise, for fixed pairs.

    `held_out` is with the true cameras, `held_out_shuffled` with those of other pairs: their
    difference is what the model has learned of the camera. `objects`: those it isn't trained on.
    """
    generator = torch.Generator().manual_seed(seed)
    batch = random_pairs(data, objects, pairs, generator)
    noise = torch.randn(batch.target.shape, generator=generator)
    last = torch.full((pairs,), scheduler.config.num_train_timesteps - 1)
    alpha = scheduler.alphas_cumprod[-1]

    def error(denoiser: nn.Module, pose: Tensor) -> float:
        with torch.inference_mode(), mixed_precision():
            velocity = denoiser(noise, last, batch.concat, batch.pixels, pose,
                                torch.ones(pairs, 1)).float()
        clean = alpha.sqrt() * noise - (1 - alpha).sqrt() * velocity
        return round(float(F.mse_loss(clean, batch.target)), 6)

    def measure(denoiser: nn.Module) -> dict[str, float]:
        training = denoiser.training
        denoiser.eval()
        result = {"held_out": error(denoiser, batch.pose),
                  "held_out_shuffled": error(denoiser, batch.pose.roll(1, dims=0))}
        denoiser.train(training)
        return result

    return measure
