# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DietNeRF (Jain, Tancik and Abbeel 2021, arXiv 2104.00677), a baseline of Zero-1-to-3's paper.

The input view is reproduced, and pictures from random poses have a CLIP embedding like the input's:
an object is the same object from everywhere. Weight, interval, size and poses of those pictures are
those of the paper's configuration for NeRF's synthetic scenes (section 4 and its code), distances
relative to the input's. Differences: a voxel grid in place of the network, which needs some
thousand steps and not hundreds of thousands; the model's own image encoder in place of CLIP
ViT-B/32; the input picture's opacity counts as a fourth channel, since all methods here are given
it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from ..diffusion import clip_pixel_values
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import camera_rays
from ..fields.render import render
from .fit import STEP, Pictures
from .guidance import Cameras, Guide, all_threads, as_pictures, take_pictures

SEMANTIC_WEIGHT = 0.1
SEMANTIC_EVERY = 10
"""Steps from one picture of a random pose to the next."""
PICTURE_SIZE = 168
DISTANCE = (3.5 / 4, 4.5 / 4)
"""Of these pictures' cameras, as a multiple of the input's."""
RAYS = 1024
"""Of the input view in a step."""


class SemanticConsistencyObjective:
    """The input view as it is, and everything else like it in meaning."""

    def __init__(self, guide: Guide, photo: Pictures, occupancy: Occupancy, threads: int,
                 generator: torch.Generator) -> None:
        """`photo`: the input picture alone."""
        self.guide, self.occupancy = guide, occupancy
        self.threads, self.generator = threads, generator
        photo = photo.to(occupancy.device)
        self.target = photo.rgba.reshape(-1, 4)
        self.rays = camera_rays(photo.camera_to_world, photo.rgba.shape[1], photo.fov_deg,
                                occupancy.voxel_grid)

    def __call__(self, field: Field, step: int) -> Tensor:
        loss = self._reproduction(field)
        if step % SEMANTIC_EVERY == 0:
            loss = loss + SEMANTIC_WEIGHT * self._inconsistency(field, self._random_camera())
        return loss

    def _reproduction(self, field: Field) -> Tensor:
        """Squared error of the input view, of colours on white and opacity."""
        pick = torch.randint(len(self.rays), (RAYS,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator).to(field.device)
        pick = pick.to(field.device)
        seen = render(field, self.rays[pick], self.occupancy, field.voxel_grid.voxel_size * STEP,
                      jitter)
        target = self.target[pick]
        shown = torch.cat([seen.rgb + (1 - seen.alpha[:, None]), seen.alpha[:, None]], dim=-1)
        wanted = torch.cat([target[:, :3] + (1 - target[:, 3:]), target[:, 3:]], dim=-1)
        return F.mse_loss(shown, wanted)

    def _random_camera(self) -> Cameras:
        """Azimuth, elevation from the horizon to the zenith, and distance: each uniform."""
        u = torch.rand(3, 1, generator=self.generator)
        low, high = DISTANCE
        return Cameras(u[0] * 360, u[1] * 90,
                       self.guide.input_radius * (low + u[2] * (high - low)))

    def _inconsistency(self, field: Field, camera: Cameras) -> Tensor:
        """How unlike the input a picture is; the value and its gradient, for a graph of our own."""
        encoder = self.guide.pipeline.image_encoder
        size = min(PICTURE_SIZE, encoder.config.image_size)
        seen = take_pictures(field, camera, size, self.occupancy, self.generator)
        rgb = as_pictures(seen.rgb + (1 - seen.alpha[:, None]), 1)
        with all_threads(self.threads):
            pixels = rgb.detach().to(self.guide.pipeline.execution_device).requires_grad_()
            value = inconsistency(encoder, pixels, self.guide.condition.embedding)
            gradient = torch.autograd.grad(value, pixels)[0].to(rgb.device)
        return value.detach().to(rgb.device) + (gradient * (rgb - rgb.detach())).sum()


def inconsistency(encoder: CLIPVisionModelWithProjection, rgb: Tensor, embedding: Tensor) -> Tensor:
    """1 - cosine of the embeddings of pictures (N x 3 x S x S in [0, 1]) and one (1 x D), averaged.

    The paper's equation 5, up to a constant.
    """
    pixels = clip_pixel_values(rgb, encoder.config.image_size).to(encoder.dtype)
    embeddings = encoder(pixels).image_embeds
    return 1 - F.cosine_similarity(embeddings, embedding, dim=-1).mean()
