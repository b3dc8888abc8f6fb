# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's estimate of an image's elevation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.shapes import BLOCK, photograph

from engine.imaging import frame_image
from engine.shape.elevation import (
    ELEVATIONS_DEG,
    OBJECT_SHARE,
    WEIGHTS,
    ElevationNetwork,
    ElevationPredictor,
    Framing,
    ImageElevation,
    estimate_image_elevation,
    framed,
    load,
    load_weights,
    save_weights,
)


def certain(elevation_deg: float) -> ImageElevation:
    return ImageElevation((elevation_deg == ELEVATIONS_DEG).astype(float))


def block(size: int, share: float, centre: tuple[float, float]) -> np.ndarray:
    """A premultiplied grey rectangle, half as wide as high."""
    row, column = (np.mgrid[:size, :size] + 0.5) / size
    alpha = ((abs(row - centre[1]) < share / 2) & (abs(column - centre[0]) < share / 4)).astype(
        np.float32)
    return np.stack([0.5 * alpha] * 3 + [alpha], axis=-1)


@pytest.fixture(scope="module")
def bottle(project_root: Path) -> np.ndarray:
    """A rendering from 20 degrees, 256 x 256, premultiplied."""
    return frame_image(project_root / "tools/demo/bottle.png").at(256).premultiplied


def test_estimate_is_as_near_as_its_uncertainty_says(bottle) -> None:
    found = estimate_image_elevation(bottle)
    assert abs(found.elevation_deg - 20) < 3 * found.uncertainty_deg
    assert 0.5 < found.uncertainty_deg < 25


def test_higher_cameras_give_higher_estimates() -> None:
    images = photograph(BLOCK, [(30.0, elevation) for elevation in (0.0, 25.0, 50.0)], 128).images
    low, middle, high = (estimate_image_elevation(image).elevation_deg for image in images)
    assert low < middle < high
    assert high - low > 20


def test_estimate_does_not_depend_on_the_framing(bottle) -> None:
    smaller = np.pad(bottle, ((90, 10), (20, 80), (0, 0)))
    whole, part = (estimate_image_elevation(image).elevation_deg for image in (bottle, smaller))
    assert abs(whole - part) < 3


def test_estimate_of_a_mirrored_image_is_the_same(bottle) -> None:
    image, mirrored = (estimate_image_elevation(x) for x in (bottle, bottle[:, ::-1]))
    assert image.elevation_deg == pytest.approx(mirrored.elevation_deg, abs=1.0)


def test_median_is_the_estimate() -> None:
    assert certain(30.0).elevation_deg == pytest.approx(30.0)
    two = ImageElevation((certain(10.0).probabilities + 2 * certain(40.0).probabilities) / 3)
    assert two.elevation_deg == pytest.approx(40.0, abs=1.3)


def test_uncertainty_is_the_half_width_of_the_central_part() -> None:
    assert certain(30.0).uncertainty_deg == pytest.approx(0.68 * 2.5 / 2)
    even = ImageElevation(np.full(len(ELEVATIONS_DEG), 1 / len(ELEVATIONS_DEG)))
    assert even.uncertainty_deg == pytest.approx(0.34 * 97.5)


def test_temperature_widens_the_uncertainty() -> None:
    logits = -((ELEVATIONS_DEG - 25) ** 2) / 50
    narrow, wide = (ElevationPredictor(ElevationNetwork(), t).distribution(logits)
                    for t in (1.0, 4.0))
    assert wide.uncertainty_deg == pytest.approx(2 * narrow.uncertainty_deg, rel=0.05)
    assert wide.elevation_deg == pytest.approx(25)


def test_an_image_that_tells_nothing_gets_what_is_usual() -> None:
    predictor = ElevationPredictor(ElevationNetwork(), usual_deg=(17.5, 10.0))
    found = predictor.distribution(np.zeros(len(ELEVATIONS_DEG)))
    assert found.elevation_deg == pytest.approx(17.5, abs=0.2)
    assert found.uncertainty_deg == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize(("size", "share", "centre"), [
    (128, 0.5, (0.5, 0.5)), (512, 0.8, (0.4, 0.5)), (90, 0.3, (0.7, 0.2)), (256, 0.1, (0.1, 0.9))])
def test_framing_centres_the_object_at_its_share(size, share, centre) -> None:
    alpha = framed(block(size, share, centre))[..., 3]
    rows, columns = np.flatnonzero(alpha.max(1) > 0.5), np.flatnonzero(alpha.max(0) > 0.5)
    assert len(rows) / 128 == pytest.approx(OBJECT_SHARE, abs=0.03)
    for places in (rows, columns):
        assert (places[0] + places[-1] + 1) / 2 == pytest.approx(64, abs=1.5)


def test_framing_raises_and_enlarges_the_object() -> None:
    alpha = framed(block(256, 0.4, (0.5, 0.5)), Framing(share=0.7, rise=0.05))[..., 3]
    rows = np.flatnonzero(alpha.max(1) > 0.5)
    assert len(rows) / 128 == pytest.approx(0.7, abs=0.02)
    assert 64 - (rows[0] + rows[-1] + 1) / 2 == pytest.approx(0.05 * 128, abs=1)


def test_images_without_an_object_are_refused() -> None:
    with pytest.raises(ValueError, match="no object"):
        estimate_image_elevation(np.zeros((64, 64, 4)))
    with pytest.raises(ValueError, match="square RGBA"):
        estimate_image_elevation(np.zeros((64, 32, 4)))


def test_stored_weights_are_nearly_the_same(tmp_path) -> None:
    torch.manual_seed(0)
    network = ElevationNetwork()
    save_weights(network, tmp_path / "weights.safetensors")
    loaded = load_weights(tmp_path / "weights.safetensors")
    assert loaded.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(loaded[name], value, rtol=1e-3, atol=float(
            value.abs().max()) / 200)


def test_published_weights_are_small_and_calibrated() -> None:
    assert (WEIGHTS / "weights.safetensors").stat().st_size < 4.2e6
    assert load().temperature != 1.0
