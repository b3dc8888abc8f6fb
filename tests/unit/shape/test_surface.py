# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces of a predicted frustum: shape, outline and closedness."""

from __future__ import annotations

import numpy as np
import pytest

from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import (
    RAYS,
    camera_coordinates,
    frustum_points,
    image_coordinates,
    image_rays,
)
from engine.shape.surface import (
    ISO_VALUE,
    SurfaceConfig,
    best_threshold,
    occupancy_grid,
    surface_mesh,
)

ELEVATION, RADIUS = 20.0, 1.85
CONFIG = SurfaceConfig(voxels=80)


def ball_alpha(size: int, ball: float) -> np.ndarray:
    """The exact silhouette of a ball of radius `ball` at the origin."""
    eye, rays = image_rays(0.0, ELEVATION, RADIUS, size)
    nearest = np.linalg.norm(np.cross(rays, eye), axis=-1)
    return (nearest < ball).astype(np.float32)


def ball_prediction(ball: float, inside: float = 0.95) -> ShapePrediction:
    distance = np.linalg.norm(frustum_points(0.0, ELEVATION, RADIUS), axis=-1)
    silhouette = ball_alpha(2 * RAYS, ball).reshape(RAYS, 2, RAYS, 2).max((1, 3)) > 0
    probability = np.where(distance < ball, inside, 0.02) * silhouette
    return ShapePrediction(probability.astype(np.float32), silhouette, ELEVATION, RADIUS)


def covered(grid, size: int) -> np.ndarray:
    """size x size: pixels into which an occupied voxel's centre projects."""
    count = grid.values.shape[0]
    line = grid.low + np.arange(count) * grid.voxel_size
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1)[grid.values > ISO_VALUE]
    row, column = image_coordinates(camera_coordinates(points, ELEVATION, RADIUS), size)
    image = np.zeros((size, size), bool)
    image[row.round().astype(int), column.round().astype(int)] = True
    return image


def test_surface_of_a_ball_is_closed_and_round() -> None:
    mesh = surface_mesh(ball_prediction(0.35), ball_alpha(256, 0.35), CONFIG)
    assert mesh.is_watertight
    distance = np.linalg.norm(mesh.vertices, axis=1)
    assert distance.mean() == pytest.approx(0.35, abs=0.01)
    assert distance.std() < 0.012


def test_surface_outline_follows_the_alpha() -> None:
    """A prediction that is too wide is cut to the input's outline."""
    alpha = ball_alpha(256, 0.3)
    mesh = surface_mesh(ball_prediction(0.4), alpha, CONFIG)
    row, column = image_coordinates(camera_coordinates(mesh.vertices, ELEVATION, RADIUS), 256)
    found = np.hypot(row - 127.5, column - 127.5).max()
    expected = np.sqrt((alpha > 0.5).sum() / np.pi)
    assert found == pytest.approx(expected, abs=2.0)  # one voxel


def test_every_ray_inside_the_alpha_keeps_a_place() -> None:
    """On a ray with low probabilities everywhere, the most likely place is occupied."""
    alpha = ball_alpha(128, 0.35)
    grid = occupancy_grid(ball_prediction(0.35, inside=0.1), alpha, CONFIG)
    seen = covered(grid, 40)
    wanted = ball_alpha(40, 0.33) > 0
    assert seen[wanted].mean() > 0.99


def test_surface_keeps_a_hollow_between_two_walls() -> None:
    prediction = ball_prediction(0.4)
    probability = prediction.probabilities.copy()
    distance = np.linalg.norm(frustum_points(0.0, ELEVATION, RADIUS), axis=-1)
    probability[distance < 0.3] = 0.02
    hollow = ShapePrediction(probability, prediction.silhouette, ELEVATION, RADIUS)
    grid = occupancy_grid(hollow, ball_alpha(256, 0.4), CONFIG)
    middle = CONFIG.voxels // 2
    assert grid.values[middle, middle, middle] < ISO_VALUE


def test_empty_alpha_gives_an_empty_grid() -> None:
    prediction = ShapePrediction(np.zeros((RAYS, RAYS, RAYS), np.float32),
                                 np.zeros((RAYS, RAYS), bool), ELEVATION, RADIUS)
    grid = occupancy_grid(prediction, np.zeros((64, 64), np.float32), CONFIG)
    assert (grid.values < ISO_VALUE).all()


@pytest.mark.parametrize("inside, outside, expected", [(0.95, 0.02, 0.5), (0.4, 0.05, 0.4)])
def test_best_threshold_falls_with_certainty(inside, outside, expected) -> None:
    """It keeps the inner voxels of an uncertain prediction and removes the outer ones."""
    prediction = ball_prediction(0.35, inside)
    probability = np.where(prediction.probabilities == np.float32(0.02), outside,
                           prediction.probabilities)
    changed = ShapePrediction(probability.astype(np.float32), prediction.silhouette, ELEVATION,
                              RADIUS)
    assert best_threshold(changed) == pytest.approx(expected)
