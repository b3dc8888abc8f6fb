# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of nano's autoencoder: pictures of 128 pixels to latents of 4 x 16 x 16."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from .loop import LossFunction
from .views import TrainingViews, random_crops

KL_WEIGHT = 1e-4
"""Per latent element. Of the size that the evidence bound asks for at a pixel noise of 0.05."""


def nano_autoencoder() -> AutoencoderKL:
    """The original's layout (8x down, 4 channels, KL), an eighth as wide and without attention."""
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=128,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 128), layers_per_block=1, norm_num_groups=8,
        mid_block_add_attention=False)


def autoencoder_loss(views: TrainingViews, batch_size: int, crop: int) -> LossFunction:
    """Squared and absolute error of the reconstruction, and the latent's divergence from normal."""

    def loss(vae: nn.Module, generator: torch.Generator) -> Tensor:
        assert isinstance(vae, AutoencoderKL)
        image = random_crops(views, batch_size, crop, generator)
        image = image.contiguous(memory_format=torch.channels_last)
        posterior = vae.encode(image).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator)
        latent = posterior.mean.float() + posterior.std.float() * noise
        error = vae.decode(latent).sample.float() - image
        divergence = posterior.kl().mean() / latent[0].numel()
        return error.square().mean() + 0.2 * error.abs().mean() + KL_WEIGHT * divergence

    return loss
