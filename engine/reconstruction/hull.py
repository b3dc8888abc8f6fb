# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The visual hull by vote: the space that most views see inside their silhouettes.

A strict hull (inside every silhouette; Laurentini 1994) loses whatever a single generated view
draws wrongly, so a part of the views may disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from ..fields.rays import project
from ..fields.voxel_grid import VoxelGrid
from .posed_images import PosedImages

VOTE_FRACTIONS = (0.85, 0.7, 0.55)
"""Shares of the views that must agree. The next is tried if one leaves nothing. At 0.85 the hull of
eight and more generated views still contains the whole object."""
MARGIN = 3
"""Voxels of the first hull between the object and the border of the finer grid around it."""
MIN_VOTES = 1.0
"""Lower limit of the number of votes that a share is taken of."""
MIN_VOXELS = 8
"""Minimum number of voxels of a hull that can be meshed."""


@dataclass
class Hull:
    """A vote hull on a voxel grid."""

    bound: Tensor
    """X x Y x Z bool: voxels that the object may occupy; complete unless many views are wrong."""
    agreement: Tensor
    """X x Y x Z in [0, 1]: mean opacity of the pixels in which the views see a voxel."""
    colour: Tensor
    """X x Y x Z x 3 in [0, 1]: mean colour of those pixels, weighted by their opacity."""
    voxel_grid: VoxelGrid


def hull_of(images: PosedImages, voxel_grid: VoxelGrid,
            fractions: Sequence[float] = VOTE_FRACTIONS) -> Hull:
    """The hull of the silhouettes of N images.

    An image whose weight is below 1 has less than a vote. The hull never leaves the silhouettes
    (dilated by a pixel) of trusted images, such as the photo. `fractions`: see `VOTE_FRACTIONS`.

    Raises:
        EngineError: `BAD_INPUT` if the silhouettes have no shape in common.
    """
    points = voxel_grid.centres()
    votes, seen, total = torch.zeros(len(points)), torch.zeros(len(points)), torch.zeros(4, 1)
    allowed = torch.ones(len(points), dtype=torch.bool)
    for view, (weight, trusted) in enumerate(zip(_votes(images), images.trusted, strict=True)):
        image = images.rgba[view].permute(2, 0, 1)
        colour, inside, framed = _seen(image, image[3:], images, view, points)
        votes += weight * (inside & framed)
        total = total + weight * (colour * framed)
        seen += weight * framed
        if trusted:
            allowed &= inside | ~framed
    seen.clamp_min_(MIN_VOTES)
    colour = (total[:3] / total[3].clamp_min(1e-3)).T
    shape = voxel_grid.shape
    bound = _bound(votes / seen, allowed, fractions)
    return Hull(bound.reshape(shape), (total[3] / seen).reshape(shape),
                colour.reshape(*shape, 3), voxel_grid)


def hull_bound(images: PosedImages, voxel_grid: VoxelGrid,
               fractions: Sequence[float] = VOTE_FRACTIONS) -> Tensor:
    """The bound of `hull_of` alone, in less time.

    Raises:
        EngineError: as `hull_of`.
    """
    points = voxel_grid.centres()
    left = torch.arange(len(points))
    alpha = images.rgba[..., 3][:, None]
    for view in images.trusted.nonzero()[:, 0].tolist():
        _, inside, framed = _seen(alpha[view, :0], alpha[view], images, view, points[left])
        left = left[inside | ~framed]
        if len(left) < MIN_VOXELS:
            raise _no_common_shape()
    points = points[left]
    votes, seen = torch.zeros(len(left)), torch.zeros(len(left))
    for view, weight in enumerate(_votes(images)):
        _, inside, framed = _seen(alpha[view, :0], alpha[view], images, view, points)
        votes += weight * (inside & framed)
        seen += weight * framed
    share = votes / seen.clamp_min_(MIN_VOTES)
    bound = torch.zeros(voxel_grid.count, dtype=torch.bool)
    bound[left] = _bound(share, torch.ones(len(left), dtype=torch.bool), fractions)
    return bound.reshape(voxel_grid.shape)


def _votes(images: PosedImages) -> list[float]:
    """The votes of N images, at most 1 each."""
    return images.weight.clamp_max(1).tolist()


def _seen(values: Tensor, alpha: Tensor, images: PosedImages, view: int,
          points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sample an image at the projections of P world points into its view.

    Args:
        values: C x S x S, to be sampled.
        alpha: 1 x S x S, of the same image.

    Returns:
        The values (C x P), whether the point lies in the dilated silhouette, and in the frame: a
        view has no vote on what lies outside its frame (P bool each).
    """
    coords, _ = project(points, images.camera_to_world[view], images.fov_deg)
    found = sample_image(torch.cat([values, _dilated(alpha)]), coords)
    return found[:-1], found[-1] > 0.5, (coords.abs() < 1).all(-1)


def voxel_grid_around(bound: Tensor, voxel_grid: VoxelGrid, count: int,
                      min_voxel_size: float) -> VoxelGrid:
    """A grid of about `count` voxels around a hull's bound, which is on another voxel grid.

    `min_voxel_size`: world units; if the voxels would be smaller, there are fewer.
    """
    occupied = bound.nonzero()
    size = voxel_grid.voxel_size
    low, high = (
        [a + (float(index) + margin) * size
         for a, index in zip(voxel_grid.low, corner, strict=True)]
        for corner, margin in ((occupied.amin(0), -MARGIN), (occupied.amax(0), MARGIN)))
    box = VoxelGrid.within(low, high, size)
    finer = box.with_voxel_count(count)
    return finer if finer.voxel_size > min_voxel_size else box.with_voxel_size(min_voxel_size)


def _bound(share: Tensor, allowed: Tensor, fractions: Sequence[float]) -> Tensor:
    for fraction in fractions:
        bound = (share >= fraction) & allowed
        if bound.sum() >= MIN_VOXELS:
            return bound
    raise _no_common_shape()


def _no_common_shape() -> EngineError:
    return EngineError(
        ErrorCode.BAD_INPUT, "the views' silhouettes have no shape in common",
        "check that every view shows the same object at its centre and that its cameras are right")


def _dilated(alpha: Tensor) -> Tensor:
    """The silhouette dilated by one pixel: 1 x S x S."""
    return F.max_pool2d(alpha[None], 3, stride=1, padding=1)[0]


def sample_image(image: Tensor, coords: Tensor) -> Tensor:
    """Bilinear values (C x P) of an image (C x S x S) at P x 2 image coordinates; 0 outside.

    Image coordinates are as in `fields.rays.project`.
    """
    return F.grid_sample(image[None], coords[None, None], align_corners=False)[0, :, 0]
