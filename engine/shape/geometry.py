# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frustum in which the shape network predicts: rays through the image and bins along them.

The camera follows `engine.camera`: it looks at the origin from azimuth 0 (other azimuths are only
needed for rendering), elevation e and radius r, with the field of view `FOV_DEG`. The image is
divided into `RAYS` x `RAYS` square cells, each with one ray through its centre. A ray is divided
into `BINS` bins of equal length by the Euclidean distance from the camera, from r - `REACH` to
r + `REACH`. Arrays over the frustum are indexed [bin, row, column]: bin 0 is the nearest, row 0
the top of the image, column 0 its left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..camera import FOV_DEG, camera_to_world, focal_length_px

FloatArray = npt.NDArray[np.floating]

IMAGE_SIZE = 128
"""Side of the network's input image in pixels."""
RAYS = 64
"""Rays along each side of the image."""
BINS = 64
"""Bins along each ray."""
REACH = 0.87
"""Half the depth of the frustum in scene units: half the diagonal of the unit cube, sqrt(3) / 2,
which bounds every object whose box is centred and has a longest side of 1."""
BIN_LENGTH = 2 * REACH / BINS
"""Length of a bin in scene units: 0.0272."""
MIN_DEPTH = 1e-3
"""Smallest depth in scene units at which a point counts as in front of the camera."""


def image_rays(azimuth_deg: float, elevation_deg: float, radius: float,
               size: int) -> tuple[FloatArray, FloatArray]:
    """The eye (3) and the unit directions (size x size x 3) through the centres of a square grid.

    Rows run from the top of the image to the bottom, columns from left to right.
    """
    matrix = camera_to_world(azimuth_deg, elevation_deg, radius)
    offset = np.arange(size) + 0.5 - size / 2
    right, down = np.meshgrid(offset, offset)
    local = np.stack([right, -down, np.full_like(right, -focal_length_px(size, FOV_DEG))], axis=-1)
    directions = local @ matrix[:3, :3].T
    return matrix[:3, 3], directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def bin_distances(radius: float) -> FloatArray:
    """Distances from the camera to the centres of the bins (`BINS`), nearest first."""
    return radius - REACH + (np.arange(BINS) + 0.5) * BIN_LENGTH


def frustum_points(azimuth_deg: float, elevation_deg: float, radius: float) -> FloatArray:
    """World positions of the bins' centres: `BINS` x `RAYS` x `RAYS` x 3."""
    eye, directions = image_rays(azimuth_deg, elevation_deg, radius, RAYS)
    return eye + bin_distances(radius)[:, None, None, None] * directions


def camera_coordinates(points: FloatArray, elevation_deg: float, radius: float,
                       azimuth_deg: float = 0.0) -> FloatArray:
    """World points (... x 3) in camera axes: right, up, and the depth in front of the camera."""
    matrix = camera_to_world(azimuth_deg, elevation_deg, radius).astype(points.dtype)
    rotation = matrix[:3, :3] * np.array([1, 1, -1], points.dtype)
    return points @ rotation - matrix[:3, 3] @ rotation


def image_coordinates(local: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Row and column of points in camera axes (... x 3) in an image of `size` pixels.

    Integers are the centres of pixels. Only for points in front of the camera.
    """
    scale = np.divide(focal_length_px(size, FOV_DEG), local[..., 2], dtype=local.dtype)
    middle = (size - 1) / 2
    return middle - scale * local[..., 1], middle + scale * local[..., 0]


def frustum_coordinates(points: FloatArray, elevation_deg: float, radius: float,
                        azimuth_deg: float = 0.0) -> FloatArray:
    """Continuous frustum indices (... x 3: bin, row, column) of world points (... x 3).

    An integer index is the centre of a cell. Points that are not in front of the camera get -9,
    which lies outside.
    """
    local = camera_coordinates(points, elevation_deg, radius, azimuth_deg)
    in_front = local[..., 2] > MIN_DEPTH
    row, column = image_coordinates(
        np.where(in_front[..., None], local, np.array(1, local.dtype)), RAYS)
    distance = np.sqrt(np.einsum("...i,...i", local, local))
    along = (distance - (radius - REACH)) / BIN_LENGTH - 0.5
    index = np.stack([along, row, column], axis=-1)
    return np.where(in_front[..., None], index, np.array(-9, index.dtype))
