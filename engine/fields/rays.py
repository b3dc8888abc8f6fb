# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays of pixels and projections of points, for square images of a pinhole camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .constants import constant_like
from .voxel_grid import VoxelGrid


@dataclass
class Rays:
    """r rays, each with the range of distances that is sampled."""

    origins: Tensor
    """(r, 3) float32, world."""
    directions: Tensor
    """(r, 3) float32, unit length."""
    near: Tensor
    """(r,) float32, distance from the origin where the range begins, world units."""
    far: Tensor
    """(r,) float32, distance where the range ends. A ray with far <= near has no samples."""

    def __len__(self) -> int:
        return len(self.origins)

    def to(self, device: torch.device) -> Rays:
        """These rays on a device."""
        return Rays(self.origins.to(device), self.directions.to(device), self.near.to(device),
                    self.far.to(device))

    def __getitem__(self, index: Tensor | slice) -> Rays:
        return Rays(self.origins[index], self.directions[index], self.near[index], self.far[index])


def focal_ndc(fov_deg: float) -> float:
    """Focal length in units of half the image's side."""
    return 1.0 / math.tan(math.radians(fov_deg) / 2)


def pixel_centres(size: int) -> Tensor:
    """(size * size, 2) image coordinates of the pixel centres, rows from the top (see
    `project`)."""
    centres = (torch.arange(size) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def camera_rays(camera_to_world: Tensor, size: int, fov_deg: float, box: VoxelGrid) -> Rays:
    """Rays through the pixel centres of n cameras, clipped to the box of a voxel grid.

    Args:
        camera_to_world: (n, 4, 4); a camera looks along its -Z, Y is up.
        size: side of the images, pixels.

    Returns:
        n * size * size rays, view-major, then rows from the top, on the cameras' device.
    """
    x, y = (pixel_centres(size).to(camera_to_world.device) / focal_ndc(fov_deg)).T
    local = torch.stack([x, -y, -torch.ones_like(x)], dim=-1)
    local = local / local.norm(dim=-1, keepdim=True)
    matrices = camera_to_world.to(local.dtype)
    directions = torch.einsum("nij,pj->npi", matrices[:, :3, :3], local).reshape(-1, 3)
    origins = matrices[:, :3, 3].repeat_interleave(size * size, dim=0)
    near, far = clip_to_box(origins, directions, box)
    return Rays(origins, directions, near, far)


def clip_to_box(origins: Tensor, directions: Tensor, box: VoxelGrid) -> tuple[Tensor, Tensor]:
    """The distances (r,) and (r,) at which rays enter and leave the box of a voxel grid."""
    # An axis-parallel direction would divide by zero; a tiny slope moves the slab to infinity.
    slope = torch.where(directions.abs() < 1e-9, torch.full_like(directions, 1e-9), directions)
    a, b = ((constant_like(origins, corner) - origins) / slope for corner in (box.low, box.high))
    near = torch.minimum(a, b).amax(-1).clamp_min(0)
    return near, torch.maximum(a, b).amin(-1)


def project(points: Tensor, camera_to_world: Tensor, fov_deg: float) -> tuple[Tensor, Tensor]:
    """Project (p, 3) world points into the image of one camera, (4, 4).

    Returns:
        (p, 2) image coordinates: x to the right, y down, both -1 to 1 across the image, as
        `torch.nn.functional.grid_sample` with align_corners=False reads them.
        (p,) depths along the viewing direction, world units.
    """
    matrix = camera_to_world.to(points.dtype)
    local = (points - matrix[:3, 3]) @ matrix[:3, :3]
    depth = -local[:, 2]
    scale = focal_ndc(fov_deg) / depth.clamp_min(1e-6)
    return torch.stack([local[:, 0] * scale, -local[:, 1] * scale], dim=-1), depth
