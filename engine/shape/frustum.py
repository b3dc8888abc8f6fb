# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy probabilities in the frustum of the input camera, and linear interpolation in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from .geometry import FloatArray, frustum_coordinates


@dataclass(frozen=True)
class ShapePrediction:
    """Occupancy probabilities in the frustum of the input camera.

    The camera is `engine.camera`'s at azimuth 0: it looks at the origin, Z is up, the field of view
    is 49.13 degrees. World units are those of an object whose bounding box is centred at the origin
    and has a longest side of 1.
    """

    probabilities: npt.NDArray[np.float32]
    """64 x 64 x 64, [bin, row, column], calibrated probability that a place in the cell is inside
    the object; 0 on rays outside of the silhouette. Ray (row, column) runs through the centre of
    that cell of the image divided into 64 x 64, row 0 at the top. Bin i covers the distances from
    the camera radius - 0.87 + i * 1.74 / 64 to one bin further. See `engine.shape.geometry`."""
    silhouette: npt.NDArray[np.bool_]
    """64 x 64, the rays that meet the object's alpha."""
    elevation_deg: float
    """Elevation of the input camera."""
    radius: float
    """Distance of the input camera from the origin, in scene units."""

    def sample(self, points: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Probabilities (... ) at world points (... x 3), trilinear; 0 outside the frustum."""
        return sample_frustum(self.probabilities, np.asarray(points), self.elevation_deg,
                              self.radius)


def sample_frustum(volume: FloatArray, points: FloatArray, elevation_deg: float,
                   radius: float) -> npt.NDArray[np.float32]:
    """Trilinear values (...) of a frustum volume (bins x rows x columns) at points (... x 3).

    Outside the frustum the volume is 0.
    """
    return interpolate(volume, frustum_coordinates(
        np.asarray(points, np.float32), elevation_deg, radius))


def interpolate(volume: FloatArray, index: FloatArray) -> npt.NDArray[np.float32]:
    """Linear values (...) of a 2-D or 3-D array at continuous indices (... x 2 or 3).

    Beyond the first and the last centre the array continues with zeros. Five times faster than
    `scipy.ndimage.map_coordinates`.
    """
    # grid_sample orders coordinates from the last axis to the first and spans -1 to 1 from the
    # first to the last centre.
    scale = 2 / (np.array(volume.shape, np.float32) - 1)
    grid = (index * scale - 1)[..., ::-1].astype(np.float32)
    values = F.grid_sample(
        torch.from_numpy(np.ascontiguousarray(volume, np.float32))[None, None],
        torch.from_numpy(grid.reshape((1,) * volume.ndim + (-1, volume.ndim)).copy()),
        align_corners=True)
    return values.numpy().reshape(index.shape[:-1])
