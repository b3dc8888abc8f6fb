# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small corrections of where each picture's object lies in its frame.

Generated views place and size the object a little differently each; left alone, the fit averages
them into a blurred, shrunken shape.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..fields.rays import pixel_centres

LEARNING_RATE = 1e-3
"""Of Adam, in units of half the picture's side."""
PRIOR = 1.0
"""Weight of the squared corrections in the loss: without it all pictures could drift together."""


class Alignment(nn.Module):
    """A shift and a scale for each of N pictures, at first none."""

    free: Tensor
    """N x 1; 0 for fixed pictures, 1 for the others."""

    def __init__(self, fixed: Tensor) -> None:
        """`fixed`: N bool, pictures that are right as they are and hold the others in place."""
        super().__init__()
        self.correction = nn.Parameter(torch.zeros(len(fixed), 3))
        """N x 3: shift to the right and down, in units of half the side; log of the scale."""
        self.register_buffer("free", (~fixed).float()[:, None])

    def centred(self) -> Tensor:
        """N x 3 corrections in effect: none of the fixed pictures, and none that all share."""
        shared = (self.correction * self.free).sum(0) / self.free.sum().clamp_min(1)
        return (self.correction - shared) * self.free

    def look_up(self, pictures: Tensor, view: Tensor, where: Tensor) -> Tensor:
        """R x 4 pixels, differentiable in the corrections.

        `pictures`: N x S x S x 4; `view`: R indices; `where`: R x 2 picture coordinates, -1 to 1.
        """
        correction = self.centred()[view]
        moved = where * correction[:, 2:].exp() + correction[:, :2]
        # The pictures as slices of a volume: one look-up serves rays of many pictures.
        slice_ = (view.to(where.dtype) * 2 + 1) / len(pictures) - 1
        grid = torch.cat([moved, slice_[:, None]], dim=-1)[None, None, None]
        volume = pictures.permute(3, 0, 1, 2)[None]
        return F.grid_sample(volume, grid, align_corners=False)[0, :, 0, 0].T

    def prior(self) -> Tensor:
        """Penalty of the corrections."""
        return PRIOR * self.centred().square().sum(-1).mean()

    @torch.no_grad()
    def applied(self, pictures: Tensor) -> Tensor:
        """The N x S x S x 4 pictures, corrected."""
        size = pictures.shape[1]
        correction = self.centred()[:, None, None]
        centres = pixel_centres(size).to(pictures.device).reshape(1, size, size, 2)
        grid = centres * correction[..., 2:].exp() + correction[..., :2]
        moved = F.grid_sample(pictures.permute(0, 3, 1, 2), grid, align_corners=False)
        return moved.permute(0, 2, 3, 1).contiguous()
