# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nano's architecture: the original's components, small enough for a CPU and for 41 MB in fp16.

Images have 128 pixels, latents (4, 16, 16). The UNet takes about 1 GFLOP per evaluation: the 16 x
16 level is convolutional, the 8 x 8 and 4 x 4 levels have attention. The noise schedule is the
original's, rescaled to zero terminal SNR with v-prediction (Lin et al. 2023, arXiv 2305.08891), so
that already the first of few denoising steps predicts the mean from pure noise.
"""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ...diffusion import Zero123Pipeline
from ...diffusion.conditioning import CCProjection

EMBEDDING_DIM = 256
"""Width of the image embedding and of the context token (768 in the original)."""


def nano_unet() -> UNet2DConditionModel:
    """A UNet with 8 input channels: the noisy latent and the input image's latent.

    The context token is also added to the time embedding, from which the 16 x 16 level, which has
    no attention, learns the camera.
    """
    return UNet2DConditionModel(
        sample_size=16, in_channels=8, out_channels=4, layers_per_block=1, norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(64, 128, 256), attention_head_dim=(2, 4, 8),
        cross_attention_dim=EMBEDDING_DIM, addition_embed_type="text",
        addition_embed_type_num_heads=4)


def nano_image_encoder() -> CLIPVisionModelWithProjection:
    """A CLIP vision tower of 16 patches, trained from scratch together with the UNet."""
    return CLIPVisionModelWithProjection(CLIPVisionConfig(
        image_size=64, patch_size=16, hidden_size=128, intermediate_size=512, num_hidden_layers=4,
        num_attention_heads=4, projection_dim=EMBEDDING_DIM, hidden_act="quick_gelu"))


def nano_scheduler() -> DDIMScheduler:
    """The training schedule; samplers derive theirs from its configuration."""
    return DDIMScheduler(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
        clip_sample=False, set_alpha_to_one=False, steps_offset=1, prediction_type="v_prediction",
        rescale_betas_zero_snr=True, timestep_spacing="trailing")


class Zero123Denoiser(nn.Module):
    """The parts that are trained together: UNet, image encoder and posed-CLIP projection."""

    def __init__(self, unet: UNet2DConditionModel, image_encoder: CLIPVisionModelWithProjection,
                 cc_projection: CCProjection) -> None:
        super().__init__()
        self.unet = unet
        self.image_encoder = image_encoder
        self.cc_projection = cc_projection

    @classmethod
    def nano(cls) -> Zero123Denoiser:
        """nano's networks with random weights.

        The pose's columns of the projection start as large as the image's. If they start small, as
        in the original with its millions of pairs, they grow during most of a short training.
        """
        projection = CCProjection(EMBEDDING_DIM, 4, EMBEDDING_DIM)
        nn.init.normal_(projection.projection.weight[:, EMBEDDING_DIM:])
        return cls(nano_unet().to(memory_format=torch.channels_last), nano_image_encoder(),
                   projection)

    def continue_from(self, earlier: Zero123Pipeline) -> None:
        """Load a trained model's weights. Parts of the UNet that it lacks start without effect.

        Raises:
            RuntimeError: if the sizes differ.
        """
        self.image_encoder.load_state_dict(earlier.image_encoder.state_dict())
        self.cc_projection.load_state_dict(earlier.cc_projection.state_dict())
        missing = self.unet.load_state_dict(earlier.unet.state_dict(), strict=False).missing_keys
        for name in missing:
            if not name.startswith("add_embedding."):
                raise RuntimeError(f"the earlier model lacks {name}")
        if missing:
            norm = self.unet.add_embedding.norm2
            nn.init.zeros_(norm.weight)
            nn.init.zeros_(norm.bias)

    def forward(self, noisy: Tensor, timestep: Tensor, concat: Tensor, pixels: Tensor,
                pose: Tensor, keep_embedding: Tensor) -> Tensor:
        """The UNet's prediction for noisy latents, (n, 4, h, w).

        Args:
            timestep: (n,).
            concat: (n, 4, h, w), unscaled latents of the input images.
            pixels: (n, 3, s, s), the image encoder's input.
            pose: (n, 4).
            keep_embedding: (n, 1), zero where the embedding is dropped.
        """
        embedding = self.image_encoder(pixels).image_embeds * keep_embedding
        context = self.cc_projection(embedding, pose)
        return self.unet(torch.cat([noisy, concat], dim=1), timestep, context).sample
