# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of nano's autoencoder: pictures of 128 pixels to latents of 4 x 16 x 16."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from .loop import LossFunction
from .views import TrainingViews, random_crops

KL_WEIGHT = 2e-5
"""Per latent element."""
COLOUR_WEIGHT = 4.0
"""Of the error of the mean colour under each latent pixel. Without it the four channels fill up
with edges and shading first, and a short training ends with grey pictures."""
LATENT_STRIDE = 8
"""Picture pixels per latent pixel."""


def nano_autoencoder() -> AutoencoderKL:
    """The original's layout (8x down, 4 channels, KL), an eighth as wide and without attention.

    Residual branches start at zero and all other convolutions as the identity, so that a colour
    crosses the untrained network and the branches only learn what it lacks.
    """
    vae = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=128,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 128), layers_per_block=1, norm_num_groups=2,
        mid_block_add_attention=False)
    for part in vae.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.dirac_(part.weight)
            with torch.no_grad():
                part.weight += 0.1 * torch.randn_like(part.weight) / part.weight[0].numel() ** 0.5
    for part in vae.modules():
        if isinstance(part, ResnetBlock2D):
            nn.init.kaiming_uniform_(part.conv1.weight, a=5**0.5)
            nn.init.zeros_(part.conv2.weight)
    return vae


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
        local_colour = F.avg_pool2d(error, LATENT_STRIDE).square().mean()
        divergence = posterior.kl().mean() / latent[0].numel()
        return (error.square().mean() + 0.2 * error.abs().mean()
                + COLOUR_WEIGHT * local_colour + KL_WEIGHT * divergence)

    return loss
