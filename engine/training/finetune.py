# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning of any model of this kind: the paper's objective (equation 2) with its autoencoder
and image encoder frozen, so that both run once per view.
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
from .denoiser import add_noise, conditioning_dropout
from .latents import LatentViews, draw_pairs, load, pair_latents, pair_poses, precompute
from .loop import LossFunction, mixed_precision
from .views import TrainingViews

ENCODED_AT_ONCE = 16
EMBEDDINGS = "embedding.npy"
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
"""Layers that LoRA changes."""


class PosedUNet(nn.Module):
    """The parts that are trained: the UNet, and the projection of embedding and pose."""

    def __init__(self, unet: UNet2DConditionModel, cc_projection: CCProjection) -> None:
        super().__init__()
        self.unet = unet
        self.cc_projection = cc_projection

    def forward(self, noisy: Tensor, timestep: Tensor, concat: Tensor, embedding: Tensor,
                pose: Tensor) -> Tensor:
        """Prediction for noisy latents (N x 4 x h x w).

        `concat`: latent of the input picture, unscaled; `embedding`: N x D, of the input picture;
        `pose`: N x 4.
        """
        context = self.cc_projection(embedding, pose)
        return self.unet(torch.cat([noisy, concat], dim=1), timestep, context).sample


def add_lora(unet: UNet2DConditionModel, rank: int, seed: int) -> None:
    """Freeze the UNet, and give its attention layers trainable low-rank additions (Hu et al. 2021,
    arXiv 2106.09685): neither gradients nor optimiser states of the rest take memory.
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
    """Add the low-rank additions to the weights, so that it is a UNet like any other."""
    unet.fuse_lora()
    unet.unload_lora()


def encode_views(views: TrainingViews, pipeline: Zero123Pipeline, folder: Path,
                 reporter: Reporter) -> tuple[LatentViews, Tensor]:
    """What the frozen networks make of all views, kept in `folder`: (latents, N x V x D image
    embeddings).
    """
    size = pipeline.image_encoder.config.image_size
    data = precompute(views, pipeline.vae, 1, size, folder, 0, reporter)
    np.save(folder / EMBEDDINGS, _embed(data, pipeline, reporter).numpy())
    return load_encoded(pipeline, folder)


def load_encoded(pipeline: Zero123Pipeline, folder: Path) -> tuple[LatentViews, Tensor]:
    """What `encode_views` kept."""
    data = replace(load(folder), scaling_factor=pipeline.vae.config.scaling_factor)
    return data, torch.from_numpy(np.load(folder / EMBEDDINGS))


@torch.inference_mode()
def _embed(data: LatentViews, pipeline: Zero123Pipeline, reporter: Reporter) -> Tensor:
    encoder = pipeline.image_encoder
    thumbnails = torch.tensor(data.thumbnail[:, 0].reshape(-1, *data.thumbnail.shape[3:]))
    parts = thumbnails.split(ENCODED_AT_ONCE)
    embeddings = []
    for number, part in enumerate(parts, 1):
        pixels = clip_pixel_values(part.float() / 255, part.shape[-1]).to(encoder.device)
        embeddings.append(encoder(pixels.to(encoder.dtype)).image_embeds.float().cpu())
        reporter.progress("embed", number, len(parts))
    objects, _, views = data.latent.shape[:3]
    return torch.cat(embeddings).reshape(objects, views, -1)


def finetuning_loss(data: LatentViews, embeddings: Tensor, pipeline: Zero123Pipeline,
                    batch_size: int, part: tuple[int, int] = (0, 1)) -> LossFunction:
    """Squared error of the predicted noise, or velocity, for pairs of views of all objects.

    Timesteps are uniform as in the paper; for a schedule that ends in pure noise, which is made to
    be sampled in few steps, they are those that nano was trained with.

    `part` is (rank, processes): every process draws the whole batch and computes its share of it,
    so that their mean is what one process computes.
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
    """(input, the module's view of it, the truth) of the first object, S x S x 3 in [0, 1]."""
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
