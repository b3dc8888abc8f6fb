# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Premultiplied colours in memory and straight ones in files convert without loss."""

import numpy as np
import pytest

from engine.imaging import from_white, on_white, premultiplied, read_image, save_png, straight
from engine.imaging.view_set import ViewSet


@pytest.fixture
def rgba() -> np.ndarray:
    """8 x 8 x 4 float32, straight alpha, from transparent to opaque, exact in eight bits."""
    values = np.random.default_rng(0).integers(0, 256, (8, 8, 4)).astype(np.float32) / 255
    values[0] = 0
    values[1, :, 3] = 1
    return values


def test_straight_undoes_premultiplied(rgba):
    np.testing.assert_allclose(straight(premultiplied(rgba)), rgba, atol=1e-6)


def test_from_white_undoes_on_white(rgba):
    image = premultiplied(rgba)
    np.testing.assert_allclose(from_white(on_white(image), image[..., 3]), image, atol=1e-6)


def test_from_white_stays_premultiplied(rgba):
    """A generated colour that is darker than its opacity allows is limited to black."""
    image = from_white(np.zeros((8, 8, 3), np.float32), rgba[..., 3])
    assert image.min() >= 0
    assert (image[..., :3] <= image[..., 3:]).all()


def test_save_png_keeps_the_bytes_of_a_view(tmp_path):
    """Straight alpha in the PNG, premultiplied in memory."""
    values = np.random.default_rng(0).integers(1, 256, (16, 16, 4), np.uint8)
    save_png(tmp_path / "a.png", values / np.float32(255))
    views = ViewSet(premultiplied(values[None] / np.float32(255)), np.zeros(1), np.zeros(1),
                    np.ones(1), np.zeros(1, int))
    path = views.save(tmp_path / "views")
    np.testing.assert_array_equal(read_image(path.with_name("view_000.png")), values)
    np.testing.assert_allclose(ViewSet.load(path).images, views.images, atol=1e-6)
