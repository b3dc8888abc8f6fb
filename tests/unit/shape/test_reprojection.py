# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reprojection of the input image into other views, and their outlines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.shapes import BLOCK, contains, photograph

from engine.imaging.view_set import ViewSet
from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import frustum_points
from engine.shape.reprojection import (
    BLURRED_VIEWS,
    SHARP_VIEWS,
    Reprojection,
    SeenImage,
    add_detail,
    blend,
)

ELEVATION, RADIUS = 10.0, 1.85


@pytest.fixture(scope="module")
def views() -> ViewSet:
    """The photo, a view beside it, and one from behind."""
    poses = [(0.0, ELEVATION), (40.0, ELEVATION), (180.0, ELEVATION)]
    return photograph(BLOCK, poses, size=64)


@pytest.fixture(autouse=True)
def known_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """The true occupancy instead of the network's."""
    points = frustum_points(0.0, ELEVATION, RADIUS)
    inside = contains(BLOCK, points.reshape(-1, 3)).reshape(points.shape[:3])
    prediction = ShapePrediction(np.where(inside, 0.95, 0.05).astype(np.float32), inside.any(0),
                                 ELEVATION, RADIUS)
    monkeypatch.setattr("engine.shape.reprojection.predict", lambda *_: prediction)


def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=128).images[0]


def test_reprojection_returns_the_image_to_its_own_camera() -> None:
    seen = Reprojection(photo(), ELEVATION, RADIUS).seen_from(0.0, ELEVATION, RADIUS, 64)
    trusted = seen.confidence > 0.9
    assert trusted.mean() > 0.02
    true = photo().reshape(64, 2, 64, 2, 4).mean((1, 3))
    assert np.abs(seen.colour - true[..., :3])[trusted].max() < 0.02


def test_reprojection_does_not_trust_the_hidden_side() -> None:
    seen = Reprojection(photo(), ELEVATION, RADIUS).seen_from(180.0, ELEVATION, RADIUS, 64)
    assert seen.confidence.max() == 0


def test_reprojection_shows_the_silhouette_from_behind(views: ViewSet) -> None:
    found = Reprojection(photo(), ELEVATION, RADIUS).silhouette(180.0, ELEVATION, RADIUS, 64) > 0.5
    true = views.images[2, ..., 3] > 0.5
    assert (found & true).sum() > 0.85 * (found | true).sum()


def test_detail_improves_wrong_views_near_the_camera(views: ViewSet) -> None:
    grey = replace(views, images=np.where(views.images[..., 3:] > 0, views.images, 0)
                   * np.array([0.5, 0.5, 0.5, 1], np.float32))
    detailed = add_detail(grey, photo(), ELEVATION, RADIUS)
    before, after = (np.abs(images - views.images).mean((1, 2, 3))
                     for images in (grey.images, detailed.images))
    assert after[0] < before[0] / 2
    assert after[1] < before[1]


def seen_nothing(size: int) -> SeenImage:
    return SeenImage(np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32))


def test_blend_makes_an_outline_of_a_fringe() -> None:
    distance = np.hypot(*(np.indices((128, 128)) - 63.5))
    alpha = np.clip((48 - distance) / 16 + 0.5, 0, 1)  # a fringe of 16 pixels
    view = np.repeat(alpha[..., None], 4, axis=2) * [0.5, 0.5, 0.5, 1]
    fringe = [((a > 0.02) & (a < 0.98)).sum() for a in
              (alpha, blend(view, seen_nothing(128), None, 0.0, BLURRED_VIEWS)[..., 3])]
    assert fringe[1] < 0.75 * fringe[0]


def test_sharp_views_keep_their_outline_without_a_predicted_one() -> None:
    distance = np.hypot(*(np.indices((256, 256)) - 127.5))
    view = np.repeat((distance < 90)[..., None], 4, axis=2) * np.array([0.5, 0.5, 0.5, 1])
    predicted = (distance < 60).astype(np.float32)
    found = blend(view, seen_nothing(256), predicted, 0.0, SHARP_VIEWS)
    assert np.abs(found[..., 3] - view[..., 3]).mean() < 0.005
