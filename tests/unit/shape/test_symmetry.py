# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetric predictions: credible planes, completed hidden sides, space beside the silhouette."""

from __future__ import annotations

import numpy as np
import pytest

from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import BINS, RAYS, frustum_points
from engine.shape.symmetry import ANGLES_DEG, plane_costs, plane_weights, symmetric

CAMERA = (20.0, 1.85)
TURN_DEG = 30.0
"""Angle between the x axis and the box's long side: a camera sees two of the box's sides."""


def turned(points: np.ndarray) -> np.ndarray:
    """World points in the axes of the turned object."""
    c, s = np.cos(np.radians(TURN_DEG)), np.sin(np.radians(TURN_DEG))
    return points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def prediction_of(solid: np.ndarray, silhouette: np.ndarray | None = None) -> ShapePrediction:
    """Certain probabilities of a solid (64 x 64 x 64, of the frustum's places)."""
    if silhouette is None:
        silhouette = solid.any(axis=0)
    probabilities = np.where(solid, 0.98, 0.02) * silhouette
    return ShapePrediction(probabilities.astype(np.float32), silhouette, *CAMERA)


@pytest.fixture(scope="module")
def box() -> np.ndarray:
    """The places inside a box of 0.9 x 0.4 x 0.4, turned by `TURN_DEG`."""
    places = turned(frustum_points(0.0, *CAMERA))
    return (np.abs(places) < [0.45, 0.2, 0.2]).all(axis=-1)


def iou(prediction: ShapePrediction, truth: np.ndarray) -> float:
    found = prediction.probabilities > 0.5
    return float((found & truth).sum() / (found | truth).sum())


def test_plane_costs_are_lowest_at_the_planes_of_a_box(box: np.ndarray) -> None:
    costs = plane_costs(prediction_of(box))
    long, short = (int(np.flatnonzero(angle == ANGLES_DEG)[0])
                   for angle in (TURN_DEG, TURN_DEG + 90))
    between = int(np.flatnonzero(ANGLES_DEG == TURN_DEG + 45)[0])
    assert max(costs[long], costs[short]) < 0.3 * costs[between]


def test_plane_weights_sum_to_one_and_prefer_the_planes_of_a_box(box: np.ndarray) -> None:
    weights = plane_weights(prediction_of(box))
    away = np.abs((ANGLES_DEG - TURN_DEG + 45) % 90 - 45)
    assert weights.sum() == pytest.approx(1)
    assert weights[away <= 6].sum() > 0.9


def test_symmetric_keeps_a_symmetric_shape(box: np.ndarray) -> None:
    prediction = prediction_of(box)
    assert iou(symmetric(prediction), box) > 0.9


def test_symmetric_doubts_what_only_the_hidden_side_has(box: np.ndarray) -> None:
    places = turned(frustum_points(0.0, *CAMERA))
    bulge = (np.abs(places - [-0.25, 0.3, 0.0]) < [0.12, 0.12, 0.12]).all(axis=-1) & ~box
    bulge &= box.any(axis=0)  # hidden behind the box, away from both planes of symmetry
    before = prediction_of(box | bulge, box.any(axis=0))
    assert bulge.sum() > 100
    assert np.median(symmetric(before).probabilities[bulge]) < 0.7


def test_symmetric_leaves_rays_beside_the_silhouette_empty(box: np.ndarray) -> None:
    found = symmetric(prediction_of(box))
    assert not found.probabilities[:, ~found.silhouette].any()


def test_symmetric_returns_an_empty_prediction_as_it_is() -> None:
    empty = prediction_of(np.zeros((BINS, RAYS, RAYS), bool))
    assert symmetric(empty) is empty
