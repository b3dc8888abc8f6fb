# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals of rendered surfaces.

Of rendered depths rather than of the field's densities: no further look-up, for any kind of field.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .rays import Rays
from .render import Rendered

SOLID = 0.9
"""Opacity from which a pixel has one depth, not a mixture with what lies behind."""


def rendered_normals(rays: Rays, seen: Rendered, count: int) -> Tensor:
    """N x S-1 x S-1 x 3 unit normals, world, that face the camera; differentiable in the depths.

    `rays`: N * S * S of N square pictures, which show `seen`. Each normal is that of the triangle
    between a pixel and those to its right and below; zero unless all three are solid.
    """
    size = round((len(rays) // count) ** 0.5)
    points = (rays.origins + seen.depth[:, None] * rays.directions).view(count, size, size, 3)
    corner, right, below = points[:, :-1, :-1], points[:, :-1, 1:], points[:, 1:, :-1]
    normals = F.normalize(torch.linalg.cross(below - corner, right - corner), dim=-1)
    solid = (seen.alpha.detach() > SOLID).view(count, size, size)
    whole = solid[:, :-1, :-1] & solid[:, :-1, 1:] & solid[:, 1:, :-1]
    return torch.where(whole[..., None], normals, 0.0)


def roughness(normals: Tensor) -> Tensor:
    """Mean squared change of N x H x W x 3 normals from pixel to pixel, over pairs on the object.

    Of normals coded as colours, (n + 1) / 2, summed over both directions, as in threestudio.
    """
    total = normals.new_zeros(())
    for axis in (1, 2):
        length = normals.shape[axis] - 1
        first, second = normals.narrow(axis, 0, length), normals.narrow(axis, 1, length)
        both = (first.detach().abs().sum(-1) > 0) & (second.detach().abs().sum(-1) > 0)
        total = total + ((second - first) / 2).square().mean(-1).mul(both).mean()
    return total
