# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete pipeline with random weights, so small that a call takes milliseconds.

`python -m helpers.tiny_pipeline FOLDER` saves it.
"""

from __future__ import annotations

import sys

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from engine.diffusion import CCProjection, Zero123Pipeline

IMAGE_SIZE = 32
LATENT = (4, 8, 8)

ORIGINAL = {"prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 1,
            "set_alpha_to_one": False}
ZERO_SNR = {"prediction_type": "v_prediction", "timestep_spacing": "trailing",
            "rescale_betas_zero_snr": True}


def tiny_pipeline(scheduler: dict[str, object] | None = None, **options: object) -> Zero123Pipeline:
    """Latents of 8 x 8, images of 32 x 32; always the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel(
            sample_size=8, in_channels=8, out_channels=4, block_out_channels=(16, 16),
            layers_per_block=1, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=16,
            attention_head_dim=2, norm_num_groups=4)
        vae = AutoencoderKL(
            block_out_channels=(8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3, latent_channels=4, norm_num_groups=4)
        image_encoder = CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, projection_dim=16, num_hidden_layers=1,
            num_attention_heads=2, image_size=16, patch_size=8))
        projection = CCProjection(16, 4, 16)
    return Zero123Pipeline(
        unet.eval(), vae.eval(), image_encoder.eval(), projection.eval(),
        DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                      clip_sample=False, **(scheduler or ZERO_SNR)),
        default_num_inference_steps=4, default_guidance_scale=2.0, **options)


if __name__ == "__main__":
    tiny_pipeline().save_pretrained(sys.argv[1])
