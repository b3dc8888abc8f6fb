# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small corrections of the position and size of the object in each image.

Generated views place and size the object slightly differently; without corrections, a fit averages
them into a blurred, shrunken shape.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..fields.rays import pixel_centres

LEARNING_RATE = 1e-3
"""Learning rate of Adam, in units of half the image's side."""
PENALTY = 1.0
"""Weight of the squared corrections in the loss, which keeps them small."""


class Alignment(nn.Module):
    """A shift and a scale for each of N images, initially none."""

    free: Tensor
    """N x 1; 0 for fixed images, 1 for the others."""

    def __init__(self, fixed: Tensor) -> None:
        """`fixed`: N bool, images that are never corrected and hold the others in place."""
        super().__init__()
        self.correction = nn.Parameter(torch.zeros(len(fixed), 3))
        """N x 3: shift to the right and down, in units of half the side; log of the scale."""
        self.register_buffer("free", (~fixed).float()[:, None])

    def centred(self) -> Tensor:
        """The corrections in effect (N x 3): 0 for fixed images, and with mean 0 over the others,
        so that they cannot drift together."""
        shared = (self.correction * self.free).sum(0) / self.free.sum().clamp_min(1)
        return (self.correction - shared) * self.free

    def sample(self, images: Tensor, view: Tensor, coords: Tensor) -> Tensor:
        """Pixels of the corrected images (R x 4), differentiable in the corrections.

        `images`: N x S x S x 4; `view`: R image indices; `coords`: R x 2 image coordinates in
        [-1, 1].
        """
        correction = self.centred()[view]
        moved = coords * correction[:, 2:].exp() + correction[:, :2]
        # With the images as slices of a volume, one call serves rays of many images.
        slice_ = (view.to(coords.dtype) * 2 + 1) / len(images) - 1
        grid = torch.cat([moved, slice_[:, None]], dim=-1)[None, None, None]
        volume = images.permute(3, 0, 1, 2)[None]
        return F.grid_sample(volume, grid, align_corners=False)[0, :, 0, 0].T

    def penalty(self) -> Tensor:
        """The term of the loss that keeps the corrections small."""
        return PENALTY * self.centred().square().sum(-1).mean()

    @torch.no_grad()
    def applied(self, images: Tensor) -> Tensor:
        """The images (N x S x S x 4), corrected."""
        size = images.shape[1]
        correction = self.centred()[:, None, None]
        centres = pixel_centres(size).to(images.device).reshape(1, size, size, 2)
        grid = centres * correction[..., 2:].exp() + correction[..., :2]
        moved = F.grid_sample(images.permute(0, 3, 1, 2), grid, align_corners=False)
        return moved.permute(0, 2, 3, 1).contiguous()
