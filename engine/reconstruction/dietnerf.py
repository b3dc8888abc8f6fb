# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DietNeRF (Jain, Tancik and Abbeel 2021, arXiv 2104.00677), a baseline of Zero-1-to-3's paper.

The field reproduces the photo, and images rendered from random poses must have a CLIP embedding
like the photo's, because an object is the same object from everywhere. The weight, interval, size
and poses of those images are the paper's for NeRF's synthetic scenes (section 4 and its code), with
distances relative to the input camera's. Differences: a voxel grid in place of the network, which
needs some thousand steps instead of hundreds of thousands; the model's own image encoder in place
of CLIP ViT-B/32; and the photo's opacity as a fourth channel, which all methods here are given.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from ..diffusion import clip_pixel_values
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import camera_rays
from ..fields.render import render
from .guidance import Cameras, Zero123Guidance, as_images, render_images, threads
from .photometric import RAY_STEP
from .posed_images import PosedImages


@dataclass(frozen=True)
class DietNeRFConfig:
    """The paper's values for NeRF's synthetic scenes."""

    semantic_weight: float = 0.1
    semantic_interval: int = 10
    """Steps from one image of a random pose to the next."""
    image_size: int = 168
    """Side of these images, pixels."""
    distance_range: tuple[float, float] = (3.5 / 4, 4.5 / 4)
    """Distance of these images' cameras, as a multiple of the input camera's distance."""
    rays: int = 1024
    """Rays of the photo in a step."""

    @property
    def max_rays(self) -> int:
        """The largest number of rays rendered in one step."""
        return self.rays + self.image_size**2


class SemanticConsistencyObjective:
    """The error of the photo, plus the dissimilarity of other views for an image encoder."""

    def __init__(self, guidance: Zero123Guidance, photo: PosedImages, occupancy: Occupancy,
                 threads: int, generator: torch.Generator) -> None:
        """`photo`: the photo alone. `threads`: number of CPU threads for the encoder."""
        self.guidance, self.occupancy, self.config = guidance, occupancy, DietNeRFConfig()
        self.threads, self.generator = threads, generator
        photo = photo.to(occupancy.device)
        self.target = photo.rgba.reshape(-1, 4)
        self.rays = camera_rays(photo.camera_to_world, photo.rgba.shape[1], photo.fov_deg,
                                occupancy.voxel_grid)

    def __call__(self, field: Field, step: int) -> Tensor:
        loss = self._reproduction(field)
        if step % self.config.semantic_interval == 0:
            inconsistency = self._inconsistency(field, self._random_camera())
            loss = loss + self.config.semantic_weight * inconsistency
        return loss

    def _reproduction(self, field: Field) -> Tensor:
        """Mean squared error of the photo's colours on white and its opacity."""
        pick = torch.randint(len(self.rays), (self.config.rays,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator).to(field.device)
        pick = pick.to(field.device)
        seen = render(field, self.rays[pick], self.occupancy,
                      field.voxel_grid.voxel_size * RAY_STEP, jitter)
        target = self.target[pick]
        shown = torch.cat([seen.rgb + (1 - seen.alpha[:, None]), seen.alpha[:, None]], dim=-1)
        wanted = torch.cat([target[:, :3] + (1 - target[:, 3:]), target[:, 3:]], dim=-1)
        return F.mse_loss(shown, wanted)

    def _random_camera(self) -> Cameras:
        """A camera with uniform azimuth, elevation (0 to 90 degrees) and distance."""
        u = torch.rand(3, 1, generator=self.generator)
        low, high = self.config.distance_range
        return Cameras(u[0] * 360, u[1] * 90,
                       self.guidance.input_radius * (low + u[2] * (high - low)))

    def _inconsistency(self, field: Field, camera: Cameras) -> Tensor:
        """Dissimilarity of a rendered image and the photo, differentiable in the field.

        The encoder's gradient is computed apart, on all threads and on its own device.
        """
        pipeline = self.guidance.pipeline
        encoder = pipeline.image_encoder
        size = min(self.config.image_size, encoder.config.image_size)
        seen = render_images(field, camera, size, self.occupancy, self.generator)
        rgb = as_images(seen.rgb + (1 - seen.alpha[:, None]), 1)
        with threads(self.threads):
            pixels = rgb.detach().to(pipeline.execution_device).requires_grad_()
            value = inconsistency(encoder, pixels, self.guidance.condition.embedding)
            gradient = torch.autograd.grad(value, pixels)[0].to(rgb.device)
        return value.detach().to(rgb.device) + (gradient * (rgb - rgb.detach())).sum()


def inconsistency(encoder: CLIPVisionModelWithProjection, rgb: Tensor, embedding: Tensor) -> Tensor:
    """Mean of 1 - cosine between the embeddings of images and a given embedding.

    `rgb`: N x 3 x S x S in [0, 1]; `embedding`: 1 x D. The paper's equation 5, up to a constant.
    """
    pixels = clip_pixel_values(rgb, encoder.config.image_size).to(encoder.dtype)
    embeddings = encoder(pixels).image_embeds
    return 1 - F.cosine_similarity(embeddings, embedding, dim=-1).mean()
