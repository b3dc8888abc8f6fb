# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posed CLIP: what the UNet's cross-attention sees (Zero-1-to-3, section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class CCProjection(ModelMixin, ConfigMixin):
    """Linear map of [CLIP image embedding, relative pose] to one context token.

    Starts as the original's does: the identity on the embedding, default initialisation on the
    pose's columns, bias zero.
    """

    @register_to_config
    def __init__(self, embedding_dim: int = 768, pose_dim: int = 4, context_dim: int = 768) -> None:
        super().__init__()
        self.projection = nn.Linear(embedding_dim + pose_dim, context_dim)
        with torch.no_grad():
            nn.init.eye_(self.projection.weight[:, :embedding_dim])
            self.projection.bias.zero_()

    def forward(self, embedding: Tensor, pose: Tensor) -> Tensor:
        """N x embedding_dim and N x pose_dim to N x 1 x context_dim."""
        dtype = self.projection.weight.dtype
        joined = torch.cat([embedding.to(dtype), pose.to(dtype)], dim=-1)
        return self.projection(joined)[:, None]


def clip_pixel_values(image: Tensor, size: int = 224) -> Tensor:
    """What the image encoder sees. `image`: N x 3 x H x W in [0, 1]; returns N x 3 x size x size.

    The original resizes its [-1, 1] image bicubically with aligned corners and without
    antialiasing, then applies CLIP's mean and standard deviation.
    """
    resized = F.interpolate(image * 2 - 1, (size, size), mode="bicubic", align_corners=True)
    mean = image.new_tensor(CLIP_MEAN)[:, None, None]
    std = image.new_tensor(CLIP_STD)[:, None, None]
    return ((resized + 1) / 2 - mean) / std
