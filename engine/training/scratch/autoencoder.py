# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nano's autoencoder, between images of 128 pixels and latents of (4, 16, 16), and its loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from ..loop import LossFunction
from ..views import TrainingViews, random_crops

KL_WEIGHT = 2e-5
"""Weight of the divergence per latent element: small, as in latent diffusion (Rombach et al.
2022)."""
ABSOLUTE_WEIGHT = 0.2
"""Weight of the mean absolute error beside the mean squared error."""
COLOUR_WEIGHT = 4.0
"""Weight of the squared error of the mean colour under each latent pixel. Without it the four
channels first learn edges and shading, and a short training ends with grey images."""
LATENT_STRIDE = 8
"""Image pixels per latent pixel along an axis."""


def nano_autoencoder() -> AutoencoderKL:
    """An autoencoder of the original's layout (8x down, 4 channels, KL), an eighth as wide and
    without attention.

    Residual branches start at zero and all other convolutions at the identity, so that the
    untrained network already passes colours through.
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
    """Squared and absolute error of the reconstruction plus the latent's KL divergence.

    `crop`: side of the random crops that are trained on, pixels.
    """

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
        return (error.square().mean() + ABSOLUTE_WEIGHT * error.abs().mean()
                + COLOUR_WEIGHT * local_colour + KL_WEIGHT * divergence)

    return loss
