# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posed CLIP: the context of the UNet's cross-attention (Zero-1-to-3, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
"""Mean of CLIP's training images per channel, in [0, 1] (Radford et al. 2021)."""
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""Standard deviation of CLIP's training images per channel."""


@dataclass(frozen=True)
class Condition:
    """The networks' view of the input image; computed once per image."""

    embedding: Tensor
    """(1, d), CLIP image embedding, not normalised."""
    latent: Tensor
    """(1, 4, h, w), mode of the image's latent, NOT multiplied by the scaling factor."""


class CCProjection(ModelMixin, ConfigMixin):
    """Linear map from [CLIP image embedding, relative pose] to one context token.

    Initialised as in the original: the identity on the embedding, the default initialisation of a
    linear layer on the pose's columns, zero bias.
    """

    @register_to_config
    def __init__(self, embedding_dim: int = 768, pose_dim: int = 4, context_dim: int = 768) -> None:
        super().__init__()
        self.projection = nn.Linear(embedding_dim + pose_dim, context_dim)
        with torch.no_grad():
            nn.init.eye_(self.projection.weight[:, :embedding_dim])
            self.projection.bias.zero_()

    def forward(self, embedding: Tensor, pose: Tensor) -> Tensor:
        """(n, embedding_dim) and (n, pose_dim) to (n, 1, context_dim)."""
        dtype = self.projection.weight.dtype
        joined = torch.cat([embedding.to(dtype), pose.to(dtype)], dim=-1)
        return self.projection(joined)[:, None]


def clip_pixel_values(image: Tensor, size: int = 224) -> Tensor:
    """The image encoder's input: (n, 3, h, w) in [0, 1] to (n, 3, size, size), normalised.

    As in the original, the image in [-1, 1] is resized bicubically with aligned corners and without
    antialiasing, then CLIP's mean and standard deviation are applied.
    """
    resized = F.interpolate(image * 2 - 1, (size, size), mode="bicubic", align_corners=True)
    mean = image.new_tensor(CLIP_MEAN)[:, None, None]
    std = image.new_tensor(CLIP_STD)[:, None, None]
    return ((resized + 1) / 2 - mean) / std
