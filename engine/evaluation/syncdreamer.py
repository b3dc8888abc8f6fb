# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh metrics of SyncDreamer (Liu et al. 2023, section 4.1), computed as its eval_mesh.py
does.

The shape is compared in the frame of the truth, whose bounding box is centred and has the longest
side 1: nothing is aligned. Points are those visible in 16 depth maps; the volumes are compared on a
grid over [-1, 1]^3, of which an object fills at most an eighth. The scores of these metrics are
comparable with the tables of that paper, not with those of `engine.evaluation.meshes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..camera import camera_to_world, focal_length_px
from ..mesh.raster import rasterise
from ..mesh.triangles import FloatArray, Triangles
from .meshes import mean_distances, normalised, parity_occupancy

CAMERAS = 16
"""Depth cameras at equal steps of azimuth."""
ELEVATION_DEG = 30.0
CAMERA_RADIUS = 1.5
"""Distance of the depth cameras, in units of the truth's longest side."""
DEPTH_SIZE = 256
"""Side of a depth map, pixels."""
VOXEL_SIZE = 0.01
"""Side of the voxels in which points are averaged, in the same units."""
GRID = 64
"""Samples along each axis of the volume grid, at -1 + 2 i / 64."""


@dataclass(frozen=True)
class SyncDreamerScores:
    """Agreement of a shape with the truth, in units of the truth's longest side."""

    chamfer: float
    """Mean of the two directed mean distances (not squared) of the visible points."""
    iou: float | None
    """Intersection over union of the volumes; None for point clouds, which enclose none."""


def compare_syncdreamer(shape: Triangles | FloatArray, truth: Triangles) -> SyncDreamerScores:
    """Scores of a mesh, or of (n, 3) points, against the true mesh (any scale and position)."""
    truth = normalised(truth)
    if isinstance(shape, Triangles):
        points, iou = voxel_means(visible_points(shape)), grid_iou(shape, truth)
    else:
        points, iou = voxel_means(shape), None
    if not len(points):  # the shape lies outside all depth maps
        return SyncDreamerScores(float("inf"), iou)
    there, back = mean_distances(points, voxel_means(visible_points(truth)))
    return SyncDreamerScores((there + back) / 2, iou)


def visible_points(mesh: Triangles) -> FloatArray:
    """(n, 3) world points of all depth maps: one for each pixel in which a camera sees the mesh."""
    azimuths = 360 * np.arange(CAMERAS) / CAMERAS
    return np.concatenate([_points_of_depth_map(mesh, azimuth) for azimuth in azimuths])


def _points_of_depth_map(mesh: Triangles, azimuth_deg: float) -> FloatArray:
    camera = camera_to_world(azimuth_deg, ELEVATION_DEG, CAMERA_RADIUS)
    corners = ((mesh.vertices - camera[:3, 3]) @ camera[:3, :3])[mesh.faces]
    depth = -corners[..., 2]
    corners, depth = corners[(depth > 0).all(axis=1)], depth[(depth > 0).all(axis=1)]
    focal = focal_length_px(DEPTH_SIZE)
    pixels = corners[..., :2] / depth[..., None] * [focal, -focal] + DEPTH_SIZE / 2
    nearest = np.full(DEPTH_SIZE**2, np.inf)
    for fragments in rasterise(pixels, DEPTH_SIZE):
        # 1 / depth is linear in the image.
        found = 1 / fragments.interpolate(1 / depth[..., None])[:, 0]
        np.minimum.at(nearest, fragments.pixel, found)
    index = np.nonzero(np.isfinite(nearest))[0]
    row, column = np.divmod(index, DEPTH_SIZE)
    z = nearest[index]
    local = np.stack([(column + 0.5 - DEPTH_SIZE / 2) * z / focal,
                      -(row + 0.5 - DEPTH_SIZE / 2) * z / focal, -z], axis=1)
    return local @ camera[:3, :3].T + camera[:3, 3]


def voxel_means(points: FloatArray) -> FloatArray:
    """The mean of the points in each voxel of `VOXEL_SIZE` that contains any: (n, 3) to (m, 3).

    As Open3D's voxel_down_sample, the voxels start half a voxel before the lowest corner.
    """
    if len(points) == 0:
        return points
    cell = np.floor((points - (points.min(axis=0) - VOXEL_SIZE / 2)) / VOXEL_SIZE).astype(np.int64)
    _, voxel, count = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    sums = [np.bincount(voxel.reshape(-1), weights=points[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / count[:, None]


def grid_iou(mesh: Triangles, truth: Triangles) -> float:
    """Intersection over union at the points of the grid; whether a point is inside is decided as by
    mesh2sdf, from the parity of the surface crossings along x.
    """
    # parity_occupancy samples the centres of cells, which lie half a step behind the grid's points.
    inside, true_inside = (
        parity_occupancy(Triangles((thing.vertices + 1 / GRID) / 2, thing.faces), GRID)
        for thing in (mesh, truth))
    return float((inside & true_inside).sum() / max((inside | true_inside).sum(), 1))
