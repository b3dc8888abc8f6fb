# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions: frame, interpolation and calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("embreex", reason="the training package that writes weights needs embreex")

from engine.shape.frustum import ShapePrediction, interpolate
from engine.shape.geometry import BINS, RAYS, frustum_points
from engine.shape.network import ShapeNetwork
from engine.shape.prediction import (
    IDENTITY,
    WEIGHTS,
    Calibration,
    ShapePredictor,
    load,
    resized,
)
from engine.training.shape.train import export_weights

CAMERA = (25.0, 1.7)


def prediction_of(probabilities: np.ndarray) -> ShapePrediction:
    return ShapePrediction(probabilities.astype(np.float32), np.ones((RAYS, RAYS), bool), *CAMERA)


@pytest.fixture(scope="module")
def predictor() -> ShapePredictor:
    """Random weights whose output depends on the image."""
    torch.manual_seed(0)
    network = ShapeNetwork().eval().requires_grad_(False)
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(0, 0.02)
    return ShapePredictor(network, IDENTITY)


def disc(size: int) -> np.ndarray:
    """A premultiplied red disc left of the middle."""
    row, column = np.mgrid[:size, :size] / size
    alpha = ((row - 0.5) ** 2 + (column - 0.35) ** 2 < 0.04).astype(np.float32)
    return np.stack([alpha, 0 * alpha, 0 * alpha, alpha], axis=-1)


def test_sample_returns_cells_at_their_centres() -> None:
    values = np.random.default_rng(0).random((BINS, RAYS, RAYS))
    found = prediction_of(values).sample(frustum_points(0.0, *CAMERA))
    np.testing.assert_allclose(found, values, atol=2e-3)


def test_sample_outside_the_frustum_is_zero() -> None:
    prediction = prediction_of(np.ones((BINS, RAYS, RAYS)))
    points = [[0, 3.0, 0], [0, 0, 2.0], [-1.5, 0, -1.0], [9.0, 0, 0]]
    assert (prediction.sample(points) == 0).all()
    assert prediction.sample([0.0, 0.0, 0.0]) == pytest.approx(1)


def test_interpolate_is_linear_between_centres() -> None:
    volume = np.arange(12.0).reshape(3, 4)
    index = np.array([[0.5, 1.25], [2.0, 3.0]], np.float32)
    np.testing.assert_allclose(interpolate(volume, index), [3.25, 11.0], rtol=1e-5)


def test_predict_is_empty_outside_the_silhouette(predictor) -> None:
    prediction = predictor.predict(disc(128), *CAMERA)
    assert (prediction.probabilities[:, ~prediction.silhouette] == 0).all()
    assert (prediction.probabilities[:, prediction.silhouette] > 0).all()


def test_predict_of_a_mirrored_image_is_mirrored(predictor) -> None:
    """The average over both images makes the prediction equivariant to mirroring."""
    image = disc(128)
    left = predictor.raw_probabilities(image, *CAMERA)
    right = predictor.raw_probabilities(image[:, ::-1], *CAMERA)
    np.testing.assert_allclose(left, right[:, :, ::-1], atol=1e-5)


def test_predict_does_not_depend_on_the_resolution(predictor) -> None:
    small, large = (predictor.predict(disc(size), *CAMERA) for size in (128, 512))
    assert np.abs(small.probabilities - large.probabilities).mean() < 0.02


@pytest.mark.parametrize("shape", [(64, 128, 4), (128, 128, 3), (128, 128)])
def test_predict_refuses_other_shapes(predictor, shape) -> None:
    with pytest.raises(ValueError, match="square RGBA"):
        predictor.predict(np.zeros(shape, np.float32), *CAMERA)


def test_resized_keeps_the_mean() -> None:
    image = np.random.default_rng(0).random((512, 512, 4)).astype(np.float32)
    np.testing.assert_allclose(resized(image).mean((0, 1)), image.mean((0, 1)), atol=1e-5)


def test_calibration_interpolates_between_knots() -> None:
    calibration = Calibration(np.array([0, 0.5, 1]), np.array([0, 0.2, 1]))
    np.testing.assert_allclose(calibration(np.array([0.25, 0.75])), [0.1, 0.6], rtol=1e-6)


def test_exported_weights_load_again(predictor, tmp_path) -> None:
    export_weights(predictor.network, tmp_path / "weights.safetensors")
    loaded = load(tmp_path)
    before, after = (p.predict(disc(128), *CAMERA).probabilities for p in (predictor, loaded))
    np.testing.assert_allclose(before, after, atol=0.01)


def test_published_calibration_is_monotone() -> None:
    if not (WEIGHTS / "calibration.json").exists():
        pytest.skip("the weights are not published yet")
    calibration = load().calibration
    assert (np.diff(calibration.predicted) > 0).all()
    assert (np.diff(calibration.observed) >= 0).all()
    assert 0 <= calibration.observed[0] <= calibration.observed[-1] <= 1
