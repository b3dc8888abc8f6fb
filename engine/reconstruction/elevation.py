# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elevation of the input camera, from how well a model's views fit together.

The model moves the camera relative to the photo, whatever the photo's elevation is. Only with the
right elevation do the views' silhouettes belong to one solid (compare One-2-3-45, Liu et al. 2023,
section 4.2, which matches pixels instead).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..fields.occupancy import Occupancy
from ..fields.rays import camera_rays, project
from ..fields.voxel_grid import cube
from .hull import sample_image
from .iso_value import highest_value

CANDIDATES_DEG = tuple(float(value) for value in range(-10, 75, 5))
"""Candidate elevations, which cover most photos, degrees."""
RINGS = ((0.0, 0.0), (20.0, 22.5))
"""Two rings of views: (degrees above the photo's elevation, azimuth of the first view)."""
RING_VIEWS = 8
"""Views on each ring."""
RESOLUTION = 32
"""Voxels along each side of the solid."""
SIZE = 48
"""Side in pixels at which silhouettes are compared."""
MAX_ELEVATION_DEG = 89.0
"""Largest elevation of a view's camera; larger ones are clamped to it."""
SOLID_OPACITY = 0.25
"""Opacity from which a voxel may contribute to a silhouette."""


@dataclass(frozen=True)
class ElevationEstimate:
    """The elevation with which the views agree best."""

    elevation_deg: float
    candidates_deg: tuple[float, ...]
    agreement: tuple[float, ...]
    """For each candidate, the mean IoU of the views' silhouettes with those of the solid that all
    views but one admit."""

    def to_dict(self) -> dict[str, Any]:
        """The estimate as plain JSON."""
        return {"schema": "zero123.elevation/1", "elevation_deg": self.elevation_deg,
                "candidates": [{"elevation_deg": e, "agreement": a} for e, a in
                               zip(self.candidates_deg, self.agreement, strict=True)]}


def relative_poses() -> list[tuple[float, float]]:
    """The views to compare: (azimuth, elevation above the photo's), degrees."""
    return [(first + 360.0 * i / RING_VIEWS, higher)
            for higher, first in RINGS for i in range(RING_VIEWS)]


def estimate_elevation(alpha: np.ndarray, poses: list[tuple[float, float]],
                       radius: float) -> ElevationEstimate:
    """The elevation of the camera that took a photo, from N silhouettes.

    `alpha`: N x S x S in [0, 1]; `poses`: as from `relative_poses`, the photo itself at (0, 0);
    `radius`: of all cameras, world units.

    Raises:
        EngineError: `BAD_INPUT` if the views fit together at no elevation.
    """
    small = F.interpolate(torch.from_numpy(np.ascontiguousarray(alpha, np.float32))[:, None],
                          (SIZE, SIZE), mode="area")[:, 0]
    azimuth, higher = np.array(poses, float).T
    agreement = []
    for elevation in CANDIDATES_DEG:
        elevations = np.minimum(elevation + higher, MAX_ELEVATION_DEG)
        matrices = camera.camera_to_world(azimuth, elevations, radius)
        agreement.append(_agreement(small, torch.from_numpy(matrices).float()))
    if max(agreement) == 0:
        raise EngineError(ErrorCode.BAD_INPUT, "no elevation fits the image",
                          "set the elevation by hand")
    return ElevationEstimate(_peak(CANDIDATES_DEG, agreement), CANDIDATES_DEG, tuple(agreement))


def _agreement(alpha: Tensor, matrices: Tensor) -> float:
    """Mean IoU of silhouettes (N x S x S) with those of the solid that all but one admit."""
    voxel_grid = cube(RESOLUTION)
    points = voxel_grid.centres()
    opacity = torch.stack([
        sample_image(image[None], project(points, matrix, camera.FOV_DEG)[0])[0]
        for image, matrix in zip(alpha, matrices, strict=True)])
    # The second lowest opacity: one bad view must not remove a voxel.
    solid = opacity.sort(dim=0).values[1].reshape(voxel_grid.shape)
    rays = camera_rays(matrices, alpha.shape[-1], camera.FOV_DEG, voxel_grid)
    seen = highest_value(solid, rays, Occupancy(solid > SOLID_OPACITY, voxel_grid)) > 0.5
    ours, theirs = seen.reshape(alpha.shape), alpha > 0.5
    union = (ours | theirs).sum((1, 2)).clamp_min(1)
    return float(((ours & theirs).sum((1, 2)) / union).mean())


def _peak(x: tuple[float, ...], y: list[float]) -> float:
    """Where a parabola through the highest value and its neighbours has its maximum."""
    best = int(np.argmax(y))
    if best in (0, len(y) - 1):
        return x[best]
    before, top, after = y[best - 1:best + 2]
    bend = before - 2 * top + after
    shift = (before - after) / (2 * bend) if bend else 0.0
    return x[best] + shift * (x[1] - x[0])
