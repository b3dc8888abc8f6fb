# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes through cameras that touch an object where its silhouette is lowest and highest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..fields.rays import focal_ndc

MIN_OPACITY = 0.5
"""Opacity from which a pixel belongs to the object."""
RANK = 2
"""Rank of the pixel column whose edge is used, from the lowest: the first one may be an error."""


@dataclass(frozen=True)
class SilhouetteBounds:
    """K planes with the object behind each of them: normal . (p - camera) <= 0."""

    normals: Tensor
    """K x 3, outwards."""
    cameras: Tensor
    """K x 3: positions of the cameras through which the planes pass."""

    def __len__(self) -> int:
        return len(self.normals)

    def facing(self, direction: Tensor, cosine: float) -> SilhouetteBounds:
        """The planes whose normals have at least this cosine with a direction (3, unit length)."""
        near = self.normals @ direction > cosine * self.normals.norm(dim=-1)
        return SilhouetteBounds(self.normals[near], self.cameras[near])

    def reach(self, points: Tensor, direction: Tensor) -> Tensor:
        """Coordinates (K x P) along a direction (3) at which points (P x 3), moved along it, meet
        the planes."""
        behind = (self.normals * self.cameras).sum(-1, keepdim=True) - self.normals @ points.T
        return points @ direction + behind / (self.normals @ direction)[:, None]

    def slopes(self, point: Tensor, direction: Tensor) -> Tensor:
        """Slopes of the planes (K): how much nearer along a direction (3, unit length) they get
        to a point (3) for each unit across from there towards their cameras."""
        away = point - self.cameras
        across = away - (away @ direction)[:, None] * direction
        tilt = (self.normals * across).sum(-1) / across.norm(dim=-1)
        return -tilt / (self.normals @ direction)


def silhouette_bounds(alpha: Tensor, cameras: Tensor, fov_deg: float) -> SilhouetteBounds:
    """The planes below and above the silhouettes (opacities, N x S x S) of `cameras` (N x 4 x 4).

    Empty silhouettes have no planes.
    """
    shown = (alpha > MIN_OPACITY).flatten(1).any(1)
    alpha, cameras = alpha[shown], cameras[shown]
    size = alpha.shape[1]
    up, ahead = cameras[:, :3, 1], -cameras[:, :3, 2]
    normals = []
    for image, outwards in ((alpha, -up), (alpha.flip(1), up)):
        slope = (2 * _lowest_edge(image) / size - 1) / focal_ndc(fov_deg)
        normals.append(outwards - slope[:, None] * ahead)
    return SilhouetteBounds(torch.cat(normals), cameras[:, :3, 3].repeat(2, 1))


def _lowest_edge(alpha: Tensor) -> Tensor:
    """The lowest edge of each silhouette (N x S x S): N, pixels from the top."""
    rows = torch.arange(alpha.shape[1])[:, None]
    last = torch.where(alpha > MIN_OPACITY, rows, -1).amax(1)
    # The edge runs through the last pixel, the one before or the one after.
    framed = torch.nn.functional.pad(alpha, (0, 0, 1, 1))
    edge = last - 1 + sum(framed.gather(1, (last + step).clamp_min(0)[:, None])[:, 0]
                          for step in (0, 1, 2))
    edge = torch.where(last < 0, -1.0, edge)
    return edge.topk(RANK, dim=1).values[:, -1]
