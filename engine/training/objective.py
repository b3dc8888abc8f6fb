# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The training objective of Zero-1-to-3 (equation 2): noise, timesteps and conditioning dropout."""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler
from torch import Tensor

DROP = 0.05
"""Probability of each kind of conditioning dropout (embedding only, both, latent only), as in the
original."""


def conditioning_dropout(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Masks of ones and zeros that keep the embedding and the concatenated latent, (count,) each.

    As in the original, both follow from one number r: r < 2p drops the CLIP embedding (the pose
    stays), p <= r < 3p drops the latent.
    """
    r = torch.rand(count, generator=generator)
    return (r >= 2 * DROP).float(), ((r < DROP) | (r >= 3 * DROP)).float()


def add_noise(clean: Tensor, scheduler: DDIMScheduler, generator: torch.Generator,
              high_noise_power: float = 1.0,
              pure_noise_share: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Noisy latents (n, 4, h, w), their timesteps (n,), and the network's target (n, 4, h, w).

    The target is the noise or the velocity, by the schedule's prediction type.

    Args:
        clean: (n, 4, h, w), scaled latents.
        high_noise_power: timesteps are 1000 * u^power with uniform u. 1 is uniform, as in the
            paper; below 1 favours high noise, where the shape of the new view is decided.
        pure_noise_share: fraction of the timesteps that are the last one, where the latent shows
            nothing of the new view.
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
