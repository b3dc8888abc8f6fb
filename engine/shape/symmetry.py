# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Averages a predicted shape with its reflections at the planes of symmetry that are credible.

Most objects are symmetric about an upright plane through the middle of their box, whose direction
is not known. A plane is contradicted if the visible surface, reflected at it, would lie beside the
silhouette or in front of the visible surface, and it is less likely if the reflected surface is far
from the predicted one. Each of 60 planes is weighted by that. The mean reflection tells about the
hidden sides what the image shows of the visible ones, and space whose reflection lies beside the
silhouette becomes empty, as if a second camera had taken the silhouette from the other side. The
constants were chosen with held-out objects (docs/shape-network.md, Symmetry).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import expit, logit

from ..camera import FOV_DEG, focal_length_px
from .frustum import ShapePrediction, interpolate
from .geometry import BIN_LENGTH, RAYS, FloatArray, frustum_coordinates, frustum_points

ANGLES_DEG = np.arange(0.0, 180.0, 3.0)
"""Angles from the x axis to the normals of the candidate planes, degrees."""
OCCUPIED = 0.3
"""Probability from which a place counts as occupied in the comparison of planes."""
FAR = 0.15
"""Largest contradiction or distance of one point, scene units."""
TEMPERATURE = 0.003
"""Increase of a plane's cost, in scene units, at which its weight falls to 1 / e."""
SHARE = 0.5
"""Weight of the mean reflection in the average of log-odds."""
MAX_LOG_ODDS = 4.0
"""Largest absolute log-odds of a place, so that no single certain place decides."""
OUTSIDE = 3.0
"""Reduction of the log-odds of a place whose reflection lies beside the silhouette."""
MARGIN = (0.5, 1.5)
"""Cells beside the silhouette from which the reduction begins, and at which it is complete."""
MIN_PROBABILITY = 0.02
"""Probability of a place up to which it stays as it is, which saves most of the time."""
MIN_WEIGHT = 0.01
"""Weight of a plane, relative to the sum, below which it is left out, which saves time."""
POINTS = 600
"""Maximum number of points of the visible surface that are reflected; more change nothing."""
VOXELS, EXTENT = 48, 1.12
"""Voxels along each side of the grid on which distances are measured, and its side in scene units.
A predicted object can be slightly larger than 1."""


def symmetric(prediction: ShapePrediction) -> ShapePrediction:
    """The prediction, averaged with its weighted reflections. Takes about 0.2 s of one core."""
    changed = prediction.probabilities > MIN_PROBABILITY
    if not changed.any():
        return prediction
    camera = prediction.elevation_deg, prediction.radius
    points = frustum_points(0.0, *camera).astype(np.float32)[changed]
    # Rays beside the silhouette repeat the nearest one inside: `beside` alone decides there.
    beside, nearest = ndimage.distance_transform_edt(~prediction.silhouette, return_indices=True)
    beside = np.minimum(beside, MARGIN[1] + 1)
    log_odds = _log_odds(prediction.probabilities)
    continued = log_odds[:, nearest[0], nearest[1]] + MAX_LOG_ODDS
    weights = plane_weights(prediction)
    total = np.zeros(len(points), np.float32)
    for normal, weight in zip(_normals(), weights, strict=True):
        if not weight:
            continue
        index = frustum_coordinates(_reflected(points, normal), *camera)
        odds = interpolate(continued, index) - MAX_LOG_ODDS
        cells = MARGIN[1] + 1 - interpolate(MARGIN[1] + 1 - beside, index[:, 1:])
        outside = ((cells - MARGIN[0]) / (MARGIN[1] - MARGIN[0])).clip(0, 1)
        total += weight * (SHARE * odds - OUTSIDE * outside)
    probabilities = prediction.probabilities.copy()
    probabilities[changed] = expit((1 - SHARE) * log_odds[changed] + total)
    return replace(prediction, probabilities=probabilities)


def plane_weights(prediction: ShapePrediction) -> npt.NDArray[np.float32]:
    """Weights of the planes of `ANGLES_DEG`, which are upright and contain the origin; their sum
    is 1."""
    costs = plane_costs(prediction)
    weights = np.exp((costs.min() - costs) / TEMPERATURE)
    weights[weights < MIN_WEIGHT * weights.sum()] = 0
    return np.asarray(weights / weights.sum(), np.float32)


def plane_costs(prediction: ShapePrediction) -> FloatArray:
    """Mean contradiction and distance, scene units, of the visible surface's reflections at the
    planes of `ANGLES_DEG`; 0 if no place is occupied."""
    occupied = prediction.probabilities > OCCUPIED
    seen = occupied.any(axis=0)
    if not seen.any():
        return np.zeros(len(ANGLES_DEG))
    points = _visible_surface(prediction, occupied)
    first = occupied.argmax(axis=0)
    nearest = ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)
    first = first[nearest[0], nearest[1]]
    cell = prediction.radius / focal_length_px(RAYS, FOV_DEG)
    beside = cell * np.maximum(ndimage.distance_transform_edt(~prediction.silhouette) - 1, 0)
    distance, low = _surface_distances(prediction)
    costs = np.empty(len(ANGLES_DEG))
    for i, normal in enumerate(_normals()):
        reflected = _reflected(points, normal)
        index = frustum_coordinates(reflected, prediction.elevation_deg, prediction.radius)
        row, column = np.rint(index[:, 1:]).astype(int).clip(0, RAYS - 1).T
        outside = beside[row, column]
        in_front = np.where(outside > 0, 0, (first[row, column] - index[:, 0]) * BIN_LENGTH)
        away = FAR - interpolate(FAR - distance, (reflected - low) / (EXTENT / VOXELS))
        costs[i] = sum(part.clip(0, FAR).mean() for part in (outside, in_front, away))
    return costs


def _log_odds(probabilities: FloatArray) -> npt.NDArray[np.float32]:
    edge = expit(-MAX_LOG_ODDS)
    return np.asarray(logit(probabilities.clip(edge, 1 - edge)), np.float32)


def _normals() -> npt.NDArray[np.float32]:
    """Unit normals of the candidate planes: P x 3."""
    angle = np.radians(ANGLES_DEG)
    return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1).astype(np.float32)


def _reflected(points: FloatArray, normal: FloatArray) -> FloatArray:
    """Points (K x 3), reflected at the plane through the origin with a unit normal."""
    return points - 2 * (points @ normal)[:, None] * normal


def _visible_surface(prediction: ShapePrediction,
                     occupied: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """K x 3: where each ray first meets an occupied place, linear between the bins' centres."""
    p = prediction.probabilities
    row, column = np.nonzero(occupied.any(axis=0))
    every = -(-len(row) // POINTS)
    row, column = row[::every], column[::every]
    here = occupied.argmax(axis=0)[row, column]
    before = np.maximum(here - 1, 0)
    above, below = p[here, row, column], p[before, row, column]
    share = ((above - OCCUPIED) / np.maximum(above - below, 1e-6)).clip(0, 1)[:, None]
    centres = frustum_points(0.0, prediction.elevation_deg, prediction.radius).astype(np.float32)
    inside, outside = centres[here, row, column], centres[before, row, column]
    return inside + share * (outside - inside)


def _surface_distances(prediction: ShapePrediction) -> tuple[FloatArray, float]:
    """Distances (up to `FAR`) to the predicted surface on a cubic grid, and the coordinate of its
    first voxels."""
    step = EXTENT / VOXELS
    line = ((np.arange(VOXELS) + 0.5) * step - EXTENT / 2).astype(np.float32)
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1)
    solid = prediction.sample(grid) > OCCUPIED
    inside, outside = (ndimage.distance_transform_edt(part) for part in (solid, ~solid))
    return np.minimum((inside + outside - 0.5) * step, FAR), float(line[0])
