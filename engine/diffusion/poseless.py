# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image-conditioned model that knows no cameras, where a Zero123 model is expected."""

from __future__ import annotations

import torch
from torch import Tensor

from .pipeline import Condition, Zero123Pipeline


class PoselessPipeline(Zero123Pipeline):
    """Image Variations' networks (`cc_projection` is None): every pose gives the same context, the
    picture's CLIP embedding, and the UNet sees nothing else of the picture.
    """

    def contexts(self, condition: Condition, poses: Tensor) -> Tensor:
        """N x 1 x C, all of them the embedding of the picture."""
        return condition.embedding[:, None].expand(len(poses), -1, -1)

    def predict(self, latents: Tensor, timesteps: int | Tensor, contexts: Tensor,
                condition: Condition, guidance_scale: float) -> Tensor:
        """As `Zero123Pipeline.predict`; the null condition is a zero embedding, as in diffusers'
        StableDiffusionImageVariationPipeline."""
        if isinstance(timesteps, Tensor):
            timesteps = timesteps.to(latents.device).expand(len(latents))
        if guidance_scale == 1:
            return self.unet(latents, timesteps, contexts, return_dict=False)[0]
        if isinstance(timesteps, Tensor):
            timesteps = torch.cat([timesteps, timesteps])
        output = self.unet(torch.cat([latents, latents]), timesteps,
                           torch.cat([torch.zeros_like(contexts), contexts]),
                           return_dict=False)[0]
        null, guided = output.chunk(2)
        return null + guidance_scale * (guided - null)
