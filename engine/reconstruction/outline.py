# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the silhouette of a volume's iso-surface agree with the photo's outline."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..fields.voxel_grid import VoxelGrid
from ..mesh.photo import Photo
from ..mesh.triangles import FloatArray

RAY_GRID = 128
"""Rays along each side of the photo that must meet the iso-surface inside the outline."""
RAY_STEP = 0.5
"""Distance between samples along these rays, voxels."""
RAISE = 0.1
"""Share of the iso-value by which a ray's best place is raised above it. Neighbouring voxels get
the same value, so that the added piece is about two voxels thick."""


def fit_to_outline(values: FloatArray, iso_value: float, voxel_grid: VoxelGrid,
                   photo: Photo) -> FloatArray:
    """A volume (X x Y x Z) whose iso-surface has the photo's silhouette.

    Outside the silhouette the values fall below the iso-value, linearly over a voxel. On rays
    inside it that do not meet the surface, the largest value is raised; rays through empty space
    only (value 0) stay empty.
    """
    if not (photo.rgba[..., 3] >= 0.5).any():
        return values
    # Cut last: what is raised at the edge of the silhouette must not leave it.
    values = _covered(values, iso_value, voxel_grid, photo)
    depth = _depth_within(voxel_grid, photo)
    return np.minimum(values, iso_value * (1 + depth / voxel_grid.voxel_size)).clip(min=0)


def _depth_within(voxel_grid: VoxelGrid, photo: Photo) -> FloatArray:
    """Distance (X x Y x Z) of voxels from the cone of the silhouette, world units, negative
    outside, at most a voxel."""
    size = len(photo.rgba)
    inside = np.pad(photo.rgba[..., 3] >= 0.5, 1)
    # Half a pixel is missing on either side of the outline, which lies between pixel centres.
    pixels = np.where(inside, ndimage.distance_transform_edt(inside) - 0.5,
                      0.5 - ndimage.distance_transform_edt(~inside))
    where, depth = photo.project(voxel_grid.centres().numpy().astype(float))
    found = ndimage.map_coordinates(pixels.astype(np.float32), [where[:, 1] + 0.5,
                                                                where[:, 0] + 0.5],
                                    order=1, mode="nearest")
    world = found * depth / (photo.focal * size / 2)
    return world.clip(max=voxel_grid.voxel_size).reshape(voxel_grid.shape)


def _covered(values: FloatArray, iso_value: float, voxel_grid: VoxelGrid,
             photo: Photo) -> FloatArray:
    """The volume, raised where a ray inside the silhouette meets nothing."""
    index = _ray_samples(voxel_grid, photo)
    if not index.shape[1]:
        return values
    along = ndimage.map_coordinates(values, np.moveaxis(index, -1, 0), order=1, mode="constant")
    best, highest = along.argmax(0), along.max(0)
    bare = np.flatnonzero((highest <= iso_value) & (highest > 0))
    corner = np.floor(index[best[bare], bare]).astype(int)
    values = values.copy()
    for offset in np.ndindex(2, 2, 2):
        cell = np.clip(corner + offset, 0, np.array(values.shape) - 1)
        np.maximum.at(values, tuple(cell.T), np.float32(iso_value * (1 + RAISE)))
    return values


def _ray_samples(voxel_grid: VoxelGrid, photo: Photo) -> FloatArray:
    """Samples along the rays inside the silhouette (T x R x 3), in voxels from the lowest corner.
    """
    size = len(photo.rgba)
    nearest = ((np.arange(RAY_GRID) + 0.5) * size / RAY_GRID).astype(int)
    rows, columns = np.nonzero(photo.rgba[..., 3][np.ix_(nearest, nearest)] >= 0.5)
    ndc = (np.stack([columns, rows], axis=1) + 0.5) / RAY_GRID * 2 - 1
    local = np.stack([ndc[:, 0], -ndc[:, 1], -np.full(len(ndc), photo.focal)], axis=1)
    local /= np.linalg.norm(local, axis=1, keepdims=True)
    directions = local @ photo.camera_to_world[:3, :3].T
    eye = photo.camera_to_world[:3, 3]
    low, high = np.array(voxel_grid.low), np.array(voxel_grid.high)
    reach = np.linalg.norm(high - low) / 2
    middle = np.linalg.norm(eye - (low + high) / 2)
    step = RAY_STEP * voxel_grid.voxel_size
    distance: FloatArray = np.arange(max(middle - reach, 0), middle + reach, step)
    points = eye + distance[:, None, None] * directions
    return (points - low) / voxel_grid.voxel_size
