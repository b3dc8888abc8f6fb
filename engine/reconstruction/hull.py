# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The visual hull by vote: where most views see the object.

A strict hull (inside every silhouette; Laurentini 1994) loses whatever one generated view draws
wrongly, so a part of the views may disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.rays import project
from ..fields.voxel import HALF_EXTENT, voxel_centres
from ..protocol import EngineError, ErrorCode

FRACTIONS = (0.85, 0.7, 0.55)
"""Shares of the views that must agree; the next is tried when one leaves nothing."""
MIN_VOXELS = 8
"""A hull of fewer voxels is nothing that could be meshed."""


@dataclass
class Hull:
    """A vote hull on the voxels of a cube."""

    bound: Tensor
    """X x Y x Z bool: where the object may be. Contains it unless many views are wrong."""
    agreement: Tensor
    """X x Y x Z in [0, 1]: mean opacity that the views show at a voxel."""
    half_extent: float


def vote_hull(alpha: Tensor, camera_to_world: Tensor, fov_deg: float, resolution: int, *,
              trusted: Tensor | None = None, half_extent: float = HALF_EXTENT) -> Hull:
    """The hull of N silhouettes.

    `alpha`: N x S x S in [0, 1]; `camera_to_world`: N x 4 x 4; `trusted`: N bool, views whose
    silhouette (widened by a pixel) is never left, such as the input picture's.

    Raises:
        EngineError: `BAD_INPUT` if the silhouettes have no shape in common.
    """
    if trusted is None:
        trusted = torch.zeros(len(alpha), dtype=torch.bool)
    points = voxel_centres(resolution, half_extent)
    votes, agreement, seen = (torch.zeros(len(points)) for _ in range(3))
    allowed = torch.ones(len(points), dtype=torch.bool)
    for view, matrix, trust in zip(alpha, camera_to_world, trusted, strict=True):
        where, _ = project(points, matrix, fov_deg)
        # What lies outside the frame was not photographed: that view has no vote.
        framed = (where.abs() < 1).all(-1)
        opacity = _look_up(view, where)
        inside = _look_up(_widened(view), where) > 0.5
        votes += inside & framed
        agreement += opacity * framed
        seen += framed
        if trust:
            allowed &= inside | ~framed
    seen.clamp_min_(1)
    shape = (resolution,) * 3
    bound = _bound(votes / seen, allowed).reshape(shape)
    return Hull(bound, (agreement / seen).reshape(shape), half_extent)


def _bound(share: Tensor, allowed: Tensor) -> Tensor:
    for fraction in FRACTIONS:
        bound = (share >= fraction) & allowed
        if bound.sum() >= MIN_VOXELS:
            return bound
    raise EngineError(
        ErrorCode.BAD_INPUT, "the views' silhouettes have no shape in common",
        "check that every view shows the same object at its centre and that its cameras are right")


def _widened(alpha: Tensor) -> Tensor:
    """S x S: the silhouette, one pixel larger all round."""
    return F.max_pool2d(alpha[None, None], 3, stride=1, padding=1)[0, 0]


def _look_up(picture: Tensor, where: Tensor) -> Tensor:
    """P bilinear values of an S x S picture at P x 2 picture coordinates; 0 outside."""
    return F.grid_sample(picture[None, None], where[None, None], align_corners=False)[0, 0, 0]
