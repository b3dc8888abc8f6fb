# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surface normals from rendered depths.

Unlike normals from density gradients, they need no further field evaluations and work for every
representation.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .rays import Rays
from .render import Rendered

MIN_OPACITY = 0.9
"""Pixels below this opacity mix the depths of several surfaces and get no normal."""


def rendered_normals(rays: Rays, seen: Rendered, count: int) -> Tensor:
    """Unit normals in the world that face the camera, differentiable in the depths.

    The normal of a pixel is that of the triangle with its right and lower neighbours; it is zero
    unless all three pixels are opaque.

    Args:
        rays: the count * s * s rays of `count` square images.
        seen: what these rays see.

    Returns:
        (count, s - 1, s - 1, 3).
    """
    size = round((len(rays) // count) ** 0.5)
    points = (rays.origins + seen.depth[:, None] * rays.directions).view(count, size, size, 3)
    corner, right, below = points[:, :-1, :-1], points[:, :-1, 1:], points[:, 1:, :-1]
    normals = F.normalize(torch.linalg.cross(below - corner, right - corner), dim=-1)
    solid = (seen.alpha.detach() > MIN_OPACITY).view(count, size, size)
    whole = solid[:, :-1, :-1] & solid[:, :-1, 1:] & solid[:, 1:, :-1]
    return torch.where(whole[..., None], normals, 0.0)


def roughness(normals: Tensor) -> Tensor:
    """Mean squared difference of neighbouring normals, over pairs of pixels on the object.

    As in threestudio, normals n are coded as colours, (n + 1) / 2, and the means of both image
    directions are added.

    Args:
        normals: (n, h, w, 3), zero where there is no surface.
    """
    total = normals.new_zeros(())
    for axis in (1, 2):
        length = normals.shape[axis] - 1
        first, second = normals.narrow(axis, 0, length), normals.narrow(axis, 1, length)
        both = (first.detach().abs().sum(-1) > 0) & (second.detach().abs().sum(-1) > 0)
        total = total + ((second - first) / 2).square().mean(-1).mul(both).mean()
    return total
