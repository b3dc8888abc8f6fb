# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds in which a model improves the views of a fit, and second samples of doubtful views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.opposite_views import POSES, UNEVEN
from helpers.reconstruction import fit_images, posed_images, reconstruct
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph
from helpers.tiny_pipeline import tiny_pipeline

from engine import camera
from engine.core.errors import EngineError, ErrorCode
from engine.fields.voxel_grid import cube
from engine.imaging.view_set import ViewSet
from engine.models import load_pipeline
from engine.reconstruction.fit import INITIAL_RAW, FitTask, initial_field, softened_field
from engine.reconstruction.hull import hull_of
from engine.reconstruction.posed_images import input_photo
from engine.reconstruction.resampling import better_views, doubtful_views, weights_of_views
from engine.reconstruction.rounds import render_views

ELEVATION = 10.0
ORBIT = camera.two_ring_orbit(8)
SMALL = {"resolution": 32, "faces": 800, "texture_size": 64, "iterations": 20,
         "input_elevation_deg": ELEVATION}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=64).images[0]


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return photograph(BLOCK, ORBIT, size=64)


@pytest.mark.slow
def test_rounds_fit_the_views_of_the_model(views: ViewSet, photo: np.ndarray) -> None:
    """Nano draws a block as a block."""
    result = reconstruct(views, photo, pipeline=load_pipeline("nano", "cpu"), rounds=1, **SMALL)
    assert result.views is not None
    assert result.views.images.shape == (8, 128, 128, 4)
    assert result.unet_evaluations == 8
    assert [stage["name"] for stage in result.stages][:5] == [
        "hull", "fit", "improve views", "hull", "fit 1"]
    points = grid_points()
    inside = mesh_contains(result.mesh.vertices, result.mesh.faces, points)
    assert iou(inside, contains(BLOCK, points)) > 0.6


@pytest.mark.slow
def test_rounds_keep_the_fit_if_the_model_shows_no_object(views: ViewSet,
                                                          photo: np.ndarray) -> None:
    """Random weights draw noise from edge to edge. Of four steps two are taken, with guidance."""
    result = reconstruct(views, photo, pipeline=tiny_pipeline(), rounds=3, **SMALL)
    assert result.unet_evaluations == 8 * 2 * 2
    assert result.views is not None
    np.testing.assert_array_equal(result.views.images, views.images)


def test_rounds_require_a_model_and_a_photo(views: ViewSet, photo: np.ndarray) -> None:
    with pytest.raises(EngineError) as caught:
        reconstruct(views, photo, rounds=1, **SMALL)
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_rounds_require_the_model_s_field_of_view(views: ViewSet, photo: np.ndarray) -> None:
    with pytest.raises(EngineError, match="field of view"):
        reconstruct(replace(views, fov_deg=30.0), photo, pipeline=tiny_pipeline(), rounds=1,
                    **SMALL)


@pytest.mark.slow
def test_render_views_shows_the_fit_at_the_views_cameras(views: ViewSet,
                                                         photo: np.ndarray) -> None:
    fit = fit_images(posed_images(views), cube(32), 40)
    shown = render_views(fit, views, input_photo(photo, views.fov_deg, ELEVATION, 1.85))
    truth = views.images[..., :3] + 1 - views.images[..., 3:]
    assert np.abs(shown.numpy() - truth).mean() < 0.03


def test_softened_field_can_change_everywhere_inside_the_hull(views: ViewSet) -> None:
    images = posed_images(views)
    hull = hull_of(images, cube(32))
    fitted = initial_field(hull)
    with torch.no_grad():
        fitted.raw[0, 0] = 20.0
    softened = softened_field(fitted, hull)
    assert softened.raw[0, 0][hull.bound].max() == INITIAL_RAW
    assert softened.raw[0, 0][~hull.bound].max() < -INITIAL_RAW
    torch.testing.assert_close(softened.raw[0, 1:], fitted.raw[0, 1:])
    assert FitTask(images, hull.voxel_grid).start is None


# Second samples.


def test_doubtful_views_are_few_and_below_full_weight() -> None:
    weights = torch.ones(16)
    assert len(doubtful_views(weights)) == 0
    weights[[3, 5, 7, 9, 11, 13]] = torch.tensor([0.5, 0.1, 0.9, 0.2, 0.3, 0.4])
    assert list(doubtful_views(weights)) == [5, 9, 11, 13]


@pytest.mark.slow
def test_better_views_keeps_the_sample_that_agrees() -> None:
    """View 3 shows a wrong side first and the right one then; view 6 the other way round."""
    right = photograph(UNEVEN, POSES, size=48)
    turned = photograph(UNEVEN, [(azimuth + 180, elevation) for azimuth, elevation in POSES],
                        size=48)
    images = right.images.copy()
    images[3] = turned.images[3]
    first = replace(right, images=images)
    weights = weights_of_views(first, None, 0)
    assert list(doubtful_views(weights)) == [3]
    chosen = np.array([3, 6])
    again = replace(first, **{name: getattr(first, name)[chosen] for name in (
        "azimuth_deg", "elevation_deg", "radius", "sample")},
        images=np.stack([right.images[3], turned.images[6]]))
    better = better_views(first, weights, again, chosen, None, 0)
    np.testing.assert_array_equal(better.images, right.images)
    assert better.meta["resampled"] == [3]


def test_weights_of_views_are_zero_without_a_silhouette(views: ViewSet) -> None:
    images = views.images.copy()
    images[2] = 0
    assert weights_of_views(replace(views, images=images), None, 0)[2] == 0
