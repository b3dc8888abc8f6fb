# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes through cameras that touch an object where its outline is lowest and highest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..fields.rays import focal_ndc

SHOWN = 0.5
"""Opacity from which a pixel counts as the object's."""
SECOND = 2
"""The column of pixels that tells, of those in which an object is lowest: one may be stray."""


@dataclass(frozen=True)
class Outlines:
    """K planes; the object lies behind each: normal . (p - camera) <= 0."""

    normals: Tensor
    """K x 3, outwards."""
    cameras: Tensor
    """K x 3: where they stand."""

    def __len__(self) -> int:
        return len(self.normals)

    def facing(self, direction: Tensor, cosine: float) -> Outlines:
        """Those whose normals have at least this cosine with a direction (3, unit length)."""
        near = self.normals @ direction > cosine * self.normals.norm(dim=-1)
        return Outlines(self.normals[near], self.cameras[near])

    def reach(self, points: Tensor, direction: Tensor) -> Tensor:
        """K x P: how far along a direction (3) points (P x 3) get, moved there until they touch."""
        behind = (self.normals * self.cameras).sum(-1, keepdim=True) - self.normals @ points.T
        return points @ direction + behind / (self.normals @ direction)[:, None]

    def slopes(self, point: Tensor, direction: Tensor) -> Tensor:
        """K: how much nearer along a direction (3, unit length) the planes are to a point (3) for
        each step across from there towards their cameras."""
        away = point - self.cameras
        across = away - (away @ direction)[:, None] * direction
        tilt = (self.normals * across).sum(-1) / across.norm(dim=-1)
        return -tilt / (self.normals @ direction)


def outlines(alpha: Tensor, cameras: Tensor, fov_deg: float) -> Outlines:
    """The planes below and above the silhouettes (N x S x S, opacities) that `cameras` (N x 4 x 4)
    took; empty ones have none."""
    shown = (alpha > SHOWN).flatten(1).any(1)
    alpha, cameras = alpha[shown], cameras[shown]
    size = alpha.shape[1]
    up, ahead = cameras[:, :3, 1], -cameras[:, :3, 2]
    normals = []
    for picture, outwards in ((alpha, -up), (alpha.flip(1), up)):
        slope = (2 * _lowest_edge(picture) / size - 1) / focal_ndc(fov_deg)
        normals.append(outwards - slope[:, None] * ahead)
    return Outlines(torch.cat(normals), cameras[:, :3, 3].repeat(2, 1))


def _lowest_edge(alpha: Tensor) -> Tensor:
    """N: how far down silhouettes (N x S x S) reach, in pixels from the top."""
    rows = torch.arange(alpha.shape[1])[:, None]
    last = torch.where(alpha > SHOWN, rows, -1).amax(1)
    # The edge cuts through the last pixel, the one before or the one after.
    framed = torch.nn.functional.pad(alpha, (0, 0, 1, 1))
    edge = last - 1 + sum(framed.gather(1, (last + step).clamp_min(0)[:, None])[:, 0]
                          for step in (0, 1, 2))
    edge = torch.where(last < 0, -1.0, edge)
    return edge.topk(SECOND, dim=1).values[:, -1]
