# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes made of boxes with exact renderings, with which reconstruction tests compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from engine import camera
from engine.fields.rays import Rays, camera_rays, clip_to_box
from engine.fields.voxel_grid import cube
from engine.imaging.view_set import ViewSet


@dataclass
class Box:
    """An axis-parallel box of one colour."""

    centre: tuple[float, float, float]
    half_size: tuple[float, float, float]
    colour: tuple[float, float, float] = (0.8, 0.2, 0.2)


BLOCK = [Box((0.2, 0, 0), (0.2, 0.3, 0.4), (0.85, 0.15, 0.1)),
         Box((-0.2, 0, 0), (0.2, 0.3, 0.4), (0.1, 0.2, 0.8))]
"""Red in front (towards the input camera at +X), blue behind."""

TABLE = [Box((0, 0, 0.35), (0.45, 0.45, 0.06), (0.6, 0.4, 0.2))] + [
    Box((x, y, -0.1), (0.04, 0.04, 0.4), (0.3, 0.2, 0.1)) for x in (-0.38, 0.38)
    for y in (-0.38, 0.38)]
"""A top on four legs three voxels thick at a resolution of 48."""


def photograph(boxes: list[Box], poses: list[tuple[float, float]], size: int = 64,
               radius: float = 1.85) -> ViewSet:
    """Views at (azimuth, elevation) with antialiased silhouettes."""
    azimuth, elevation = np.array(poses, float).T
    matrices = torch.from_numpy(camera.camera_to_world(azimuth, elevation, radius))
    rays = camera_rays(matrices, 2 * size, camera.FOV_DEG, cube(2, 1.0))
    fine = torch.zeros(len(rays), 4)
    near, far = distances(rays, _surrounding(boxes))
    aimed = near < far  # of the others, which may be most, none hits any box
    rays = rays[aimed]
    nearest = torch.full_like(rays.near, torch.inf)
    rgba = torch.zeros(len(rays), 4)
    for box in boxes:
        near, far = distances(rays, box)
        hit = (near < far) & (near < nearest)
        nearest[hit] = near[hit]
        rgba[hit] = torch.tensor([*box.colour, 1.0])
    fine[aimed] = rgba
    rgba = fine.reshape(len(poses), size, 2, size, 2, 4).mean((2, 4))
    return ViewSet(rgba.numpy(), azimuth, elevation, np.full(len(poses), radius),
                   np.zeros(len(poses), int))


def distances(rays: Rays, box: Box) -> tuple[torch.Tensor, torch.Tensor]:
    """(r,) where each ray enters and leaves a box; a ray that misses it enters after it leaves."""
    # Scaled so that the box becomes the unit cube; distances along the ray stay the same.
    half = torch.tensor(box.half_size)
    return clip_to_box((rays.origins - torch.tensor(box.centre)) / half, rays.directions / half,
                       cube(2, 1.0))


def _surrounding(boxes: list[Box]) -> Box:
    """A box a little larger than all of them together."""
    centres, halves = (np.array([getattr(box, name) for box in boxes])
                       for name in ("centre", "half_size"))
    low, high = (centres - halves).min(0), (centres + halves).max(0)
    return Box(tuple(((low + high) / 2).tolist()), tuple((0.51 * (high - low)).tolist()))


def contains(boxes: list[Box], points: np.ndarray) -> np.ndarray:
    """P bool: which of P x 3 points lie in the shape."""
    return np.any([(np.abs(points - box.centre) <= box.half_size).all(-1) for box in boxes], axis=0)


def grid_points(count: int = 20, half_extent: float = 0.6) -> np.ndarray:
    """count^3 x 3 points that fill the field's cube."""
    axis = (np.arange(count) + 0.5) / count * 2 * half_extent - half_extent
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def mesh_contains(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """P bool by winding number (Jacobson et al. 2013): which points a closed mesh encloses."""
    corners = np.moveaxis(vertices[faces].astype(np.float32), 1, 0)
    found = ((points >= vertices.min(0)) & (points <= vertices.max(0))).all(-1)
    winding = [_solid_angle(*(corners - point.astype(np.float32))) for point in points[found]]
    found[found] = np.array(winding) > 2 * np.pi
    return found


def _solid_angle(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Total angle under which triangles (F x 3 per corner) are seen from the origin."""
    la, lb, lc = (np.sqrt(np.einsum("fi,fi->f", v, v)) for v in (a, b, c))
    product = np.einsum("fi,fi->f", a, np.cross(b, c))
    rest = (la * lb * lc + np.einsum("fi,fi->f", a, b) * lc + np.einsum("fi,fi->f", b, c) * la
            + np.einsum("fi,fi->f", c, a) * lb)
    return float(2 * np.arctan2(product, rest).sum())


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two sets of points."""
    return float((a & b).sum() / (a | b).sum())
