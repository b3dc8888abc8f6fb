# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning of any Zero123 model by the paper's objective (equation 2).

The autoencoder and the image encoder are frozen, so that both run once per view.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from ..core.reporting import Reporter
from ..diffusion import CCProjection, Zero123Pipeline
from ..diffusion.conditioning import clip_pixel_values
from .array_file import ArrayFile
from .latents import LatentViews, draw_pairs, load, pair_latents, pair_poses, precompute
from .loop import LossFunction, mixed_precision
from .objective import add_noise, conditioning_dropout
from .views import TrainingViews

ENCODER_BATCH = 16
"""Images that the image encoder takes together."""
EMBEDDINGS = "embedding.npy"
"""File of the image embeddings, (n, v, d) float32, beside the latents."""
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
"""The layers to which LoRA is added."""


class PosedUNet(nn.Module):
    """The networks that are trained: the UNet and the projection of embedding and pose."""

    def __init__(self, unet: UNet2DConditionModel, cc_projection: CCProjection) -> None:
        super().__init__()
        self.unet = unet
        self.cc_projection = cc_projection

    def forward(self, noisy: Tensor, timestep: Tensor, concat: Tensor, embedding: Tensor,
                pose: Tensor) -> Tensor:
        """The UNet's prediction for noisy latents, (n, 4, h, w).

        Args:
            timestep: (n,).
            concat: (n, 4, h, w), unscaled latents of the input images.
            embedding: (n, d), embeddings of the input images.
            pose: (n, 4).
        """
        context = self.cc_projection(embedding, pose)
        return self.unet(torch.cat([noisy, concat], dim=1), timestep, context).sample


def add_lora(unet: UNet2DConditionModel, rank: int, seed: int) -> None:
    """Freeze the UNet and add trainable low-rank matrices to its attention layers (Hu et al. 2021,
    arXiv 2106.09685), so that the other layers need no memory for gradients and optimiser states.
    """
    from peft import LoraConfig

    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(ATTENTION)))
    generator = torch.Generator().manual_seed(seed)
    for name, value in unet.named_parameters():
        if ".lora_A." in name:  # the other factor starts at zero
            start = nn.init.kaiming_uniform_(torch.empty(value.shape), a=5**0.5,
                                             generator=generator)
            value.data.copy_(start)


def merge_lora(unet: UNet2DConditionModel) -> None:
    """Add the low-rank matrices to the weights, which makes it an ordinary UNet."""
    unet.fuse_lora()
    unet.unload_lora()


def encode_views(views: TrainingViews, pipeline: Zero123Pipeline, folder: Path,
                 reporter: Reporter) -> tuple[LatentViews, Tensor]:
    """Encode all views by the frozen networks and store the result in `folder`.

    Returns:
        The latents, and the (n, v, d) image embeddings.
    """
    size = pipeline.image_encoder.config.image_size
    data = precompute(views, pipeline.vae, 1, size, folder, 0, reporter)
    _embed(data, pipeline, folder / EMBEDDINGS, reporter)
    return load_encoded(pipeline, folder)


def load_encoded(pipeline: Zero123Pipeline, folder: Path) -> tuple[LatentViews, Tensor]:
    """The result that `encode_views` stored."""
    data = replace(load(folder), scaling_factor=pipeline.vae.config.scaling_factor)
    return data, torch.from_numpy(np.load(folder / EMBEDDINGS))


@torch.inference_mode()
def _embed(data: LatentViews, pipeline: Zero123Pipeline, path: Path, reporter: Reporter) -> None:
    """Write the image embeddings of variant 0, one object at a time."""
    encoder = pipeline.image_encoder
    with ArrayFile(path) as file:
        for number, thumbnails in enumerate(data.thumbnail[:, 0], 1):
            embeddings = []
            for part in torch.tensor(thumbnails).split(ENCODER_BATCH):
                pixels = clip_pixel_values(part.float() / 255, part.shape[-1]).to(encoder.device)
                embeddings.append(encoder(pixels.to(encoder.dtype)).image_embeds.float().cpu())
            file.append(torch.cat(embeddings).numpy())
            reporter.progress("embed", number, len(data.thumbnail))


def finetuning_loss(data: LatentViews, embeddings: Tensor, pipeline: Zero123Pipeline,
                    batch_size: int, part: tuple[int, int] = (0, 1)) -> LossFunction:
    """Squared error of the predicted noise or velocity, for pairs of views of all objects.

    Timesteps are uniform as in the paper. For a schedule with zero terminal SNR, which is made for
    sampling in few steps, they are distributed as in nano's training.

    Args:
        embeddings: (n, v, d), image embeddings.
        part: (rank, processes). Every process draws the whole batch and computes its part of it, so
            that the mean over the processes is what a single process computes.
    """
    objects = torch.arange(len(data.latent))
    few_steps = pipeline.scheduler.config.rescale_betas_zero_snr
    noise_options = (0.3, 0.5) if few_steps else (1.0, 0.0)
    rank, processes = part
    mine = slice(rank, None, processes)

    def loss(module: nn.Module, generator: torch.Generator) -> Tensor:
        pairs = draw_pairs(data, objects, batch_size, generator)
        target, concat = pair_latents(data, pairs)
        noisy, timestep, wanted = add_noise(target, pipeline.scheduler, generator, *noise_options)
        keep_embedding, keep_concat = conditioning_dropout(batch_size, generator)
        embedding = embeddings[pairs.object, pairs.source] * keep_embedding[:, None]
        pose = pair_poses(data, pairs, pipeline.config.pose_encoding)
        inputs = (noisy, timestep, concat * keep_concat[:, None, None, None], embedding, pose)
        device = next(module.parameters()).device
        predicted = module(*(value[mine].to(device) for value in inputs))
        return F.mse_loss(predicted.float(), wanted[mine].to(device))

    return loss


@torch.no_grad()
def sample_view(pipeline: Zero123Pipeline, module: PosedUNet, views: TrainingViews,
                steps: int) -> list[np.ndarray]:
    """The input image, a sampled view and the true view of the first object, (s, s, 3) in [0, 1].
    """
    source, target = 0, views.rgb.shape[1] // 2
    image = views.rgb[0, source].astype("float32") / 255
    azimuth, elevation, radius = views.pose[0, target]
    azimuth_in, elevation_in, radius_in = map(float, views.pose[0, source])
    trained = Zero123Pipeline(
        module.unet, pipeline.vae, pipeline.image_encoder, module.cc_projection,
        pipeline.scheduler, pose_encoding=pipeline.config.pose_encoding,
        default_guidance_scale=pipeline.config.default_guidance_scale)
    was_training = module.training
    module.eval()
    with mixed_precision(pipeline.device):
        made = trained(
            image, azimuth=float(azimuth - azimuth_in), elevation=float(elevation),
            radius=float(radius), input_elevation=elevation_in, input_radius=radius_in,
            num_inference_steps=steps, generator=torch.Generator().manual_seed(0),
            output_type="np").images[0]
    module.train(was_training)
    return [image, made, views.rgb[0, target].astype("float32") / 255]
