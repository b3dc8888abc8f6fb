# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loss of nano's UNet, image encoder and projection, on precomputed latents."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler
from torch import Tensor, nn

from ..latents import LatentViews, draw_pairs, make_pairs
from ..loop import LossFunction, Validation, mixed_precision
from ..objective import add_noise, conditioning_dropout
from .nano import Zero123Denoiser

HIGH_NOISE_POWER, PURE_NOISE_SHARE = 0.3, 0.75
"""Distribution of the timesteps (see `add_noise`). nano's default is a single step from pure noise,
so that most of the training is spent there: half of nano's first four runs, three quarters of its
fifth."""


def denoising_loss(data: LatentViews, objects: Tensor, scheduler: DDIMScheduler, batch_size: int,
                   huber_delta: float = 0.0) -> LossFunction:
    """The error of the predicted velocity: squared as in the paper, or Huber's for a delta > 0.

    The minimum of the squared error is the mean of all possible views, which is soft wherever the
    outline is uncertain. Huber's with a small delta has nearly the median as its minimum, which
    decides between object and background there.

    `objects`: (n,) indices of the objects to train on.
    """
    def loss(denoiser: nn.Module, generator: torch.Generator) -> Tensor:
        assert isinstance(denoiser, Zero123Denoiser)
        batch = make_pairs(data, draw_pairs(data, objects, batch_size, generator))
        noisy, timestep, velocity = add_noise(batch.target, scheduler, generator,
                                              HIGH_NOISE_POWER, PURE_NOISE_SHARE)
        keep_embedding, keep_concat = conditioning_dropout(batch_size, generator)
        predicted = denoiser(noisy, timestep, batch.concat * keep_concat[:, None, None, None],
                             batch.pixels, batch.pose, keep_embedding[:, None])
        if huber_delta:
            return F.huber_loss(predicted.float(), velocity, delta=huber_delta) / huber_delta
        return F.mse_loss(predicted.float(), velocity)

    return loss


def first_step_error(data: LatentViews, objects: Tensor, scheduler: DDIMScheduler,
                     pairs: int = 128) -> Validation:
    """Validates a denoiser by the mean squared error of the latents that it predicts in one step
    from pure noise, for fixed pairs of views.

    "held_out" is the error with the true cameras, "held_out_shuffled" with those of other pairs;
    their difference is what the model has learned about the camera.

    `objects`: (n,) indices of objects that are not trained on.
    """
    generator = torch.Generator().manual_seed(0)
    batch = make_pairs(data, draw_pairs(data, objects, pairs, generator))
    noise = torch.randn(batch.target.shape, generator=generator)
    last = torch.full((pairs,), scheduler.config.num_train_timesteps - 1)
    alpha = scheduler.alphas_cumprod[-1]

    def error(denoiser: nn.Module, pose: Tensor) -> float:
        with torch.inference_mode(), mixed_precision():
            velocity = denoiser(noise, last, batch.concat, batch.pixels, pose,
                                torch.ones(pairs, 1)).float()
        clean = alpha.sqrt() * noise - (1 - alpha).sqrt() * velocity
        return round(float(F.mse_loss(clean, batch.target)), 6)

    def validate(denoiser: nn.Module) -> dict[str, float]:
        training = denoiser.training
        denoiser.eval()
        result = {"held_out": error(denoiser, batch.pose),
                  "held_out_shuffled": error(denoiser, batch.pose.roll(1, dims=0))}
        denoiser.train(training)
        return result

    return validate
