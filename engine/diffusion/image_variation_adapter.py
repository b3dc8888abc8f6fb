# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image Variations, a model without camera poses, with the interface of a Zero123 pipeline."""

from __future__ import annotations

from torch import Tensor

from .conditioning import Condition
from .pipeline import Zero123Pipeline


class UnposedPipeline(Zero123Pipeline):
    """The networks of Image Variations; `cc_projection` is None.

    Every pose gives the same context, the image's CLIP embedding, and the UNet's input has no image
    latent. The null condition is a zero embedding, as in diffusers'
    StableDiffusionImageVariationPipeline.
    """

    def contexts(self, condition: Condition, poses: Tensor) -> Tensor:
        """(n, 4) poses, which are ignored, to (n, 1, c) copies of the image's embedding."""
        return condition.embedding[:, None].expand(len(poses), -1, -1)

    def unet_input(self, latents: Tensor, image_latent: Tensor) -> Tensor:
        """The (n, 4, h, w) noisy latents alone."""
        return latents
