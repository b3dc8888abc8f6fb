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

from ..core.errors import EngineError, ErrorCode
from ..fields.rays import project
from ..fields.voxel_grid import VoxelGrid

FRACTIONS = (0.85, 0.7, 0.55)
"""Shares of the views that must agree; the next is tried when one leaves nothing."""
MARGIN = 3
"""Voxels of the first hull between the object and the end of the finer voxel grid around it."""
MIN_VOXELS = 8
"""A hull of fewer voxels is nothing that could be meshed."""


@dataclass
class Hull:
    """A vote hull on the voxels of a voxel grid."""

    bound: Tensor
    """X x Y x Z bool: where the object may be. Contains it unless many views are wrong."""
    agreement: Tensor
    """X x Y x Z in [0, 1]: mean opacity that the views show at a voxel."""
    colour: Tensor
    """X x Y x Z x 3 in [0, 1]: mean colour of the object that the views show at a voxel."""
    voxel_grid: VoxelGrid


def vote_hull(rgba: Tensor, camera_to_world: Tensor, fov_deg: float, voxel_grid: VoxelGrid, *,
              trusted: Tensor | None = None) -> Hull:
    """The hull of N silhouettes.

    `rgba`: N x S x S x 4 in [0, 1], premultiplied; `camera_to_world`: N x 4 x 4; `trusted`: N bool,
    views whose silhouette (widened by a pixel) is never left, such as the input picture's.

    Raises:
        EngineError: `BAD_INPUT` if the silhouettes have no shape in common.
    """
    if trusted is None:
        trusted = torch.zeros(len(rgba), dtype=torch.bool)
    points = voxel_grid.centres()
    votes, seen, total = torch.zeros(len(points)), torch.zeros(len(points)), torch.zeros(4, 1)
    allowed = torch.ones(len(points), dtype=torch.bool)
    pictures = rgba.permute(0, 3, 1, 2)
    for picture, matrix, trust in zip(pictures, camera_to_world, trusted, strict=True):
        where, _ = project(points, matrix, fov_deg)
        # What lies outside the frame was not photographed: that view has no vote.
        framed = (where.abs() < 1).all(-1)
        inside = look_up_picture(_widened(picture[3:]), where)[0] > 0.5
        votes += inside & framed
        total = total + look_up_picture(picture, where) * framed
        seen += framed
        if trust:
            allowed &= inside | ~framed
    seen.clamp_min_(1)
    colour = (total[:3] / total[3].clamp_min(1e-3)).T
    shape = voxel_grid.shape
    return Hull(_bound(votes / seen, allowed).reshape(shape), (total[3] / seen).reshape(shape),
                colour.reshape(*shape, 3), voxel_grid)


def voxel_grid_around(hull: Hull, count: int, finest: float) -> VoxelGrid:
    """About `count` voxels, not smaller than `finest`, around the hull's bound."""
    places = hull.bound.nonzero()
    size = hull.voxel_grid.voxel_size
    low, high = (
        [a + (float(place) + margin) * size
         for a, place in zip(hull.voxel_grid.low, corner, strict=True)]
        for corner, margin in ((places.amin(0), -MARGIN), (places.amax(0), MARGIN)))
    box = VoxelGrid.within(low, high, size)
    finer = box.with_voxel_count(count)
    return finer if finer.voxel_size > finest else box.with_voxel_size(finest)


def _bound(share: Tensor, allowed: Tensor) -> Tensor:
    for fraction in FRACTIONS:
        bound = (share >= fraction) & allowed
        if bound.sum() >= MIN_VOXELS:
            return bound
    raise EngineError(
        ErrorCode.BAD_INPUT, "the views' silhouettes have no shape in common",
        "check that every view shows the same object at its centre and that its cameras are right")


def _widened(alpha: Tensor) -> Tensor:
    """1 x S x S: the silhouette, one pixel larger all round."""
    return F.max_pool2d(alpha[None], 3, stride=1, padding=1)[0]


def look_up_picture(picture: Tensor, where: Tensor) -> Tensor:
    """C x P bilinear values of a C x S x S picture at P x 2 picture coordinates; 0 outside."""
    return F.grid_sample(picture[None], where[None, None], align_corners=False)[0, :, 0]
