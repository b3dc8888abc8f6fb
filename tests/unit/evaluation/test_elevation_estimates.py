# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of methods that estimate the elevation."""

from __future__ import annotations

import numpy as np
import pytest

from engine import camera
from engine.evaluation.elevation import (
    NEARBY,
    combined,
    epipolar_angles,
    matches,
    rays,
    sift_features,
    summary,
)
from engine.reconstruction.elevation import CANDIDATES_DEG
from engine.shape.elevation import ELEVATIONS_DEG, ImageElevation

RADIUS = 1.85


def places(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Positions of points in a camera's image, relative to its side."""
    local = (points - matrix[:3, 3]) @ matrix[:3, :3]
    slope = local[:, :2] / -local[:, 2:] / np.tan(np.radians(camera.FOV_DEG) / 2)
    return np.column_stack([slope[:, 0] + 1, 1 - slope[:, 1]]) / 2


def test_rays_point_at_what_is_seen() -> None:
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (20, 3))
    matrix = camera.camera_to_world(40.0, 25.0, RADIUS)
    expected = points - matrix[:3, 3]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rays(matrix, places(matrix, points)), expected, atol=1e-6)


def test_epipolar_angles_are_least_at_the_true_elevation() -> None:
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (50, 3))
    poses = np.array([(0.0, 0.0), *NEARBY])

    def cameras(elevation: float) -> np.ndarray:
        return camera.camera_to_world(poses[:, 0], elevation + poses[:, 1], RADIUS)

    seen = [places(matrix, points) for matrix in cameras(30.0)]
    cost = [np.mean([epipolar_angles(c[i], c[j], seen[i], seen[j])
                     for i in range(5) for j in range(i + 1, 5)])
            for c in map(cameras, ELEVATIONS_DEG)]
    assert ELEVATIONS_DEG[int(np.argmin(cost))] == 30.0


def test_features_of_a_shifted_image_match() -> None:
    rng = np.random.default_rng(0)
    image = rng.random((64, 64, 3)).astype(np.float32).repeat(4, 0).repeat(4, 1)
    first, second = sift_features(image), sift_features(np.roll(image, 8, axis=1))
    a, b = matches(first, second)
    assert len(a) > 20
    assert np.median((b - a)[:, 0]) == pytest.approx(8 / 256, abs=1e-3)


def test_images_without_features_have_no_matches() -> None:
    nothing = sift_features(np.ones((64, 64, 3)))
    assert [len(part) for part in matches(nothing, nothing)] == [0, 0]


def test_combination_lies_between_both() -> None:
    weights = np.exp(-0.5 * ((ELEVATIONS_DEG - 10) / 10) ** 2)
    agreement = 0.8 - 0.002 * np.abs(np.array(CANDIDATES_DEG) - 40)
    network = ImageElevation(weights / weights.sum())
    assert 10 < combined(network, agreement).elevation_deg < 40


def test_summary_counts_errors_below_ten_degrees() -> None:
    rows = [{"name": "a", "truth": 20.0, "network": 24.0, "uncertainty": 3.0},
            {"name": "b", "truth": 20.0, "network": 32.0, "uncertainty": 3.0}]
    assert summary(rows) == {"network": {"images": 2, "median": 8.0, "mean": 8.0, "below_10": 0.5}}
