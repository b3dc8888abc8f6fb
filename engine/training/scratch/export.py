# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts training checkpoints into a model that the pipeline loads."""

from __future__ import annotations

from pathlib import Path

import torch

from ...diffusion import Zero123Pipeline
from ..latents import load
from ..loop import load_averaged
from .autoencoder import nano_autoencoder
from .nano import Zero123Denoiser, nano_scheduler


def export(work: Path, out: Path, default_steps: int, default_guidance: float) -> None:
    """Write the averaged weights of a working folder as fp16 safetensors in diffusers layout.

    `default_steps` and `default_guidance` become the model's default sampling settings.
    """
    vae, denoiser = nano_autoencoder(), Zero123Denoiser.nano()
    load_averaged(vae, work / "autoencoder")
    load_averaged(denoiser, work / "denoiser")
    vae.register_to_config(scaling_factor=load(work / "latents").scaling_factor)
    pipeline = Zero123Pipeline(
        unet=denoiser.unet, vae=vae, image_encoder=denoiser.image_encoder,
        cc_projection=denoiser.cc_projection, scheduler=nano_scheduler(), pose_encoding="zero123",
        default_num_inference_steps=default_steps, default_guidance_scale=default_guidance)
    pipeline.to(torch.float16).save_pretrained(out, safe_serialization=True)
