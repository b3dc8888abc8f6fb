# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image-conditioned model that knows no cameras, where a Zero123 model is expected."""

from __future__ import annotations

from torch import Tensor

from .pipeline import Condition, Zero123Pipeline


class PoselessPipeline(Zero123Pipeline):
    """Image Variations' networks (`cc_projection` is None): every pose gives the same context, the
    picture's CLIP embedding, and the UNet sees nothing else of the picture. The null condition is
    a zero embedding, as in diffusers' StableDiffusionImageVariationPipeline.
    """

    def contexts(self, condition: Condition, poses: Tensor) -> Tensor:
        """N x 1 x C, all of them the embedding of the picture."""
        return condition.embedding[:, None].expand(len(poses), -1, -1)

    def unet_input(self, latents: Tensor, picture: Tensor) -> Tensor:
        """N x 4 x h x w: the noisy latents alone."""
        return latents
