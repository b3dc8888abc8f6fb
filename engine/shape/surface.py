# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extracts a closed, smooth surface with the input's outline from a predicted frustum.

The probabilities determine the depth, the input's alpha determines the outline: a voxel that
projects outside the alpha is empty, and the ray of each pixel inside meets at least one occupied
voxel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..camera import FOV_DEG, focal_length_px
from ..mesh.surface import extract, solid
from ..mesh.triangles import Triangles
from .frustum import ShapePrediction, interpolate, sample_frustum
from .geometry import (
    BIN_LENGTH,
    BINS,
    REACH,
    FloatArray,
    bin_distances,
    camera_coordinates,
    image_coordinates,
    image_rays,
)

ISO_VALUE = 0.5
"""Level of the returned occupancy on the surface."""
MAX_OUTLINE = 9.0
"""Largest log-odds due to the distance to the outline, reached at 9 voxels."""
THRESHOLD_RANGE = (0.15, 0.5)
"""Lower and upper limit of the threshold that `best_threshold` chooses."""
WALL_BINS = 2.5
"""Half the minimum thickness, in bins, of the object along a ray inside the silhouette."""
OVERHANG = 0.75
"""Voxels by which a thin part may exceed the outline, so that the grid can represent it."""


@dataclass(frozen=True)
class SurfaceConfig:
    """Constants of the extraction."""

    voxels: int = 128
    """Voxels along each side of the grid."""
    extent: float = 1.12
    """Side of the grid in scene units; a predicted object can be slightly larger than 1."""
    threshold: float | None = None
    """Probability from which space is occupied; None for `best_threshold` of the prediction."""
    frustum_smoothing: float = 0.7
    """Standard deviation in cells of the Gaussian that smooths the log-odds in the frustum."""
    smoothing: float = 1.5
    """Standard deviation in voxels of the Gaussian that smooths them on the grid."""
    max_log_odds: float = 3.0
    """Largest absolute log-odds, so that smoothing is not dominated by certain voxels."""
    wall: float = 1.0
    """Log-odds above the threshold in the middle of a ray's minimum wall, before smoothing."""
    margin: float = 0.3
    """Log-odds assigned to the best point of a ray that meets no occupied voxel of the grid."""
    ray_grid: int = 128
    """Rays along each side of the image that are checked for coverage."""


@dataclass(frozen=True)
class OccupancyGrid:
    """Occupancy on a cubic world grid."""

    values: npt.NDArray[np.float32]
    """X x Y x Z in [0, 1]; the surface is at `ISO_VALUE`."""
    low: float
    """Coordinate of the first voxel's centre along each axis."""
    voxel_size: float

    @property
    def mesh(self) -> Triangles:
        """The iso-surface without floaters and enclosed hollows, closed."""
        return extract(solid(self.values, ISO_VALUE), ISO_VALUE, (self.low,) * 3, self.voxel_size)


def surface_mesh(prediction: ShapePrediction, alpha: FloatArray,
                 config: SurfaceConfig | None = None) -> Triangles:
    """Closed mesh of a prediction, in world units; `alpha` as for `occupancy_grid`."""
    return occupancy_grid(prediction, alpha, config).mesh


def occupancy_grid(prediction: ShapePrediction, alpha: FloatArray,
                   config: SurfaceConfig | None = None) -> OccupancyGrid:
    """The prediction on a world grid, made to agree with the input's silhouette.

    `alpha`: square H x W in [0, 1], of the image that was predicted from, at any resolution.
    """
    config = config or SurfaceConfig()
    step = config.extent / config.voxels
    line = ((np.arange(config.voxels) + 0.5) * step - config.extent / 2).astype(np.float32)
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1)
    # Shifted, because what lies outside of the frustum is sampled as 0.
    shift = config.max_log_odds
    values = sample_frustum(_frustum_log_odds(prediction, config) + shift, points,
                            prediction.elevation_deg, prediction.radius) - shift
    values = ndimage.gaussian_filter(values, config.smoothing, truncate=3)
    outline = _outline_log_odds(points, alpha, prediction, step)
    values = np.minimum(values, outline)
    _cover_rays(values, outline, alpha, prediction, line[0], step, config)
    return OccupancyGrid(1 / (1 + np.exp(-values)), float(line[0]), step)


def best_threshold(prediction: ShapePrediction) -> float:
    """The threshold with the largest expected IoU, if the probabilities are calibrated.

    A cell with probability p that is predicted as occupied adds p to the expected intersection and
    1 to the expected union; otherwise it adds p to the union alone. Certain predictions have a
    threshold near one half, uncertain ones a lower one. Cells are weighted by their volume, which
    grows with the squared distance.
    """
    volume = np.square(bin_distances(prediction.radius))[:, None, None]
    weight = np.broadcast_to(volume, prediction.probabilities.shape).ravel()
    p = prediction.probabilities.ravel()
    order = np.argsort(-p)
    p, weight = p[order], weight[order]
    intersection = np.cumsum(p * weight)
    union = np.cumsum(weight) + intersection[-1] - intersection
    best = p[(intersection / np.maximum(union, 1e-12)).argmax()]
    return float(np.clip(best, *THRESHOLD_RANGE))


def _frustum_log_odds(prediction: ShapePrediction, config: SurfaceConfig) -> FloatArray:
    """Bins x rows x columns: smoothed log-odds relative to the threshold, clipped.

    Rays beside the silhouette repeat the nearest ray inside, so that the outline is decided by the
    alpha alone.
    """
    silhouette = prediction.silhouette
    if not silhouette.any():
        return np.full(prediction.probabilities.shape, -config.max_log_odds)
    rows, columns = ndimage.distance_transform_edt(~silhouette, return_distances=False,
                                                   return_indices=True)
    p = prediction.probabilities[:, rows, columns].clip(1e-4, 1 - 1e-4)
    threshold = config.threshold or best_threshold(prediction)
    odds = np.log(p / (1 - p)) - np.log(threshold / (1 - threshold))
    odds = odds.clip(-config.max_log_odds, config.max_log_odds)
    odds = np.maximum(odds, _least_log_odds(p, odds, config))
    return ndimage.gaussian_filter(odds, config.frustum_smoothing, mode="nearest")


def _least_log_odds(p: FloatArray, odds: FloatArray, config: SurfaceConfig) -> FloatArray:
    """Lower limit of the log-odds: a minimum wall on rays on which no cell is clearly occupied.

    The wall is at the probability's centre of mass, which, unlike its maximum, changes smoothly
    between rays.
    """
    bins = np.arange(len(p))[:, None, None]
    centre = (p * bins).sum(0) / p.sum(0)
    wall = config.wall * (1 - np.abs(bins - centre) / WALL_BINS)
    missing = (1 - odds.max(0) / config.wall).clip(0, 1)
    return np.where(missing > 0, wall * missing - config.max_log_odds * (1 - missing),
                    -config.max_log_odds)


def _outline_log_odds(points: FloatArray, alpha: FloatArray, prediction: ShapePrediction,
                      step: float) -> FloatArray:
    """Log-odds of lying inside the alpha's outline, changing its sign on it (X x Y x Z).

    The distance to the outline is measured in the image and expressed in voxels at the depth of the
    origin.
    """
    size = alpha.shape[0]
    inside = np.pad(alpha >= 0.5, 1)
    if not inside.any():
        return np.full(points.shape[:-1], -MAX_OUTLINE, np.float32)
    # The outline lies between pixel centres: half a pixel nearer than the next centre.
    distance = np.where(inside, ndimage.distance_transform_edt(inside) - 0.5,
                        0.5 - ndimage.distance_transform_edt(~inside))
    pixels_in_voxel = focal_length_px(size, FOV_DEG) * step / prediction.radius
    odds = (distance / pixels_in_voxel).clip(-MAX_OUTLINE, MAX_OUTLINE)
    local = camera_coordinates(points, prediction.elevation_deg, prediction.radius)
    row, column = image_coordinates(local, size)
    index = np.stack([row + 1, column + 1], axis=-1)
    return interpolate(odds + MAX_OUTLINE, index) - MAX_OUTLINE


def _cover_rays(values: FloatArray, outline: FloatArray, alpha: FloatArray,
                prediction: ShapePrediction, low: float, step: float,
                config: SurfaceConfig) -> None:
    """Raise `values` in place where a ray inside the alpha meets no occupied voxel.

    The voxels around the ray's best point are raised, except those more than `OVERHANG` outside of
    the outline.
    """
    size = config.ray_grid
    nearest = ((np.arange(size) + 0.5) * alpha.shape[0] / size).astype(int)
    rows, columns = np.nonzero(alpha[np.ix_(nearest, nearest)] >= 0.5)
    if not len(rows):
        return
    eye, directions = image_rays(0.0, prediction.elevation_deg, prediction.radius, size)
    distance = prediction.radius - REACH + (np.arange(2 * BINS) + 0.5) * BIN_LENGTH / 2
    index = ((eye + distance[:, None, None] * directions[rows, columns] - low)
             / step).astype(np.float32)
    along = interpolate(values + MAX_OUTLINE, index) - MAX_OUTLINE
    best = along.argmax(0)
    bare = np.flatnonzero(along.max(0) <= 0)
    corner = np.floor(index[best[bare], bare]).astype(int)
    for offset in np.ndindex(2, 2, 2):
        cell = (corner + offset).clip(0, config.voxels - 1)
        where = tuple(cell.T)
        np.maximum.at(values, where, np.minimum(config.margin, outline[where] + OVERHANG))
