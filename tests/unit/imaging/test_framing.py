# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cut-out is framed as the networks were trained."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.camera import DEFAULT_RADIUS
from engine.imaging import OBJECT_FRACTION, frame_image, frame_object, load_input
from engine.imaging.framing import MAX_OFFSET

ORANGE = (230, 120, 40)
SIDE = 400


def object_side(alpha):
    """Longer side and centre (x, y) of the opaque pixels, relative to the frame."""
    rows, columns = np.nonzero(alpha > 0.5)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / len(alpha)
    return max(box[2] - box[0], box[3] - box[1]), ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def save(path, size, box):
    """Write an orange ellipse in a box of pixels on transparency."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse(box, fill=(*ORANGE, 255))
    image.save(path)
    return path


def ellipse(path, share, centre=(0.5, 0.5)):
    """An ellipse whose longer side is this share of a square of `SIDE` pixels."""
    x, y, half = centre[0] * SIDE, centre[1] * SIDE, share * SIDE / 2
    return save(path, (SIDE, SIDE), (x - half, y - half * 0.7, x + half - 1, y + half * 0.7 - 1))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.51, 0.55, 0.62, 0.75, 0.8, 0.9, 0.98, 1.0])
def test_framing_shows_a_unit_object_at_its_radius(tmp_path, share):
    """The network always sees an object in the same way, and the recorded camera implies a size of
    1.
    """
    prepared = load_input(ellipse(tmp_path / "a.png", share), size=256)
    side, centre = object_side(prepared.alpha)
    assert side * prepared.radius == pytest.approx(OBJECT_FRACTION * DEFAULT_RADIUS, rel=0.03)
    assert centre == pytest.approx((0.5, 0.5), abs=0.015)


@pytest.mark.parametrize("centre", [(0.2, 0.3), (0.85, 0.5), (0.5, 0.55), (0.3, 0.7)])
def test_framing_recentres_an_off_centre_object(tmp_path, centre):
    """The last two objects touch no border, the others are cut off by one."""
    framed = frame_image(ellipse(tmp_path / "a.png", 0.6, centre))
    assert framed.framing == "recentred"
    assert object_side(framed.at(128).alpha)[1] == pytest.approx((0.5, 0.5), abs=0.02)


@pytest.mark.parametrize(("share", "centre"), [
    (0.615, (0.5, 0.5)), (0.625, (0.5 + 0.8 * MAX_OFFSET, 0.5)), (0.635, (0.5, 0.48))])
def test_framing_keeps_a_framed_image(tmp_path, share, centre):
    framed = frame_image(ellipse(tmp_path / "a.png", share, centre))
    assert (framed.framing, framed.rgba.shape) == ("kept", (SIDE, SIDE, 4))
    assert framed.radius == DEFAULT_RADIUS
    assert framed.report["notes"] == []


def test_framing_keep_leaves_image_and_radius(tmp_path):
    framed = frame_image(ellipse(tmp_path / "a.png", 0.3, (0.25, 0.45)), framing="keep")
    side, centre = object_side(framed.at(200).alpha)
    assert side == pytest.approx(0.3, abs=0.02)
    assert centre == pytest.approx((0.25, 0.45), abs=0.02)
    assert framed.radius == DEFAULT_RADIUS
    assert "30% of the image" in framed.report["notes"][0]


def test_framing_keep_pads_to_a_square(tmp_path):
    framed = frame_image(save(tmp_path / "a.png", (400, 200), (150, 50, 249, 149)), framing="keep")
    side, centre = object_side(framed.at(200).alpha)
    assert side == pytest.approx(0.25, abs=0.01)
    assert centre == pytest.approx((0.5, 0.5), abs=0.015)


def test_framing_fit_always_recentres(tmp_path):
    framed = frame_image(ellipse(tmp_path / "a.png", 0.7), framing="fit")
    assert (framed.framing, framed.radius) == ("recentred", DEFAULT_RADIUS)
    assert object_side(framed.at(128).alpha)[0] == pytest.approx(OBJECT_FRACTION, abs=0.02)


@pytest.mark.parametrize(("share", "framing", "seen"), [
    (0.7, "auto", 0.578), (0.58, "auto", 0.58), (0.7, "fit", 0.578), (0.3, "keep", 0.3)])
def test_framing_shows_the_object_as_from_its_radius(tmp_path, share, framing, seen):
    framed = frame_image(ellipse(tmp_path / "a.png", share), framing=framing, radius=2.0)
    assert framed.radius == 2.0
    assert object_side(framed.at(256).alpha)[0] == pytest.approx(seen, abs=0.01)


@pytest.mark.parametrize(("size", "box"), [
    ((400, 300), (10, 20, 210, 90)), ((300, 400), (100, 350, 130, 399)),
    ((90, 60), (40, 20, 60, 30)),  # small: it is enlarged
])
def test_framing_takes_images_of_every_shape(tmp_path, size, box):
    prepared = load_input(save(tmp_path / "a.png", size, box), size=128)
    side, centre = object_side(prepared.alpha)
    assert side == pytest.approx(OBJECT_FRACTION, abs=0.04)
    assert centre == pytest.approx((0.5, 0.5), abs=0.02)


def test_framing_ignores_stray_pixels(tmp_path):
    """A few opaque pixels far away, as in careless cut-outs, do not count as the object."""
    image = Image.open(ellipse(tmp_path / "a.png", 0.3, (0.4, 0.4)))
    image.paste((255, 255, 255, 255), (390, 390, 393, 393))
    image.save(tmp_path / "b.png")
    np.testing.assert_array_equal(load_input(tmp_path / "b.png", size=64).alpha,
                                  load_input(tmp_path / "a.png", size=64).alpha)


def test_framing_reports_a_small_object(tmp_path):
    framed = frame_image(ellipse(tmp_path / "a.png", 0.1))
    assert "only 40 pixels" in framed.report["notes"][0]


def test_framing_is_reported(tmp_path):
    report = frame_image(ellipse(tmp_path / "a.png", 0.3, (0.25, 0.45))).report
    assert (report["framing"], report["interpreted_as"]) == ("recentred", "cut-out")
    assert report["object_share"] == pytest.approx(0.3, abs=0.01)
    assert report["object_centre"] == pytest.approx([0.25, 0.45], abs=0.01)


def test_prepared_images_are_premultiplied(tmp_path):
    """Composited on white they have no dark rim."""
    prepared = load_input(save(tmp_path / "a.png", (200, 200), (50, 50, 150, 150)), size=64)
    assert prepared.rgb.dtype == prepared.premultiplied.dtype == np.float32
    assert prepared.premultiplied.shape == (64, 64, 4)
    np.testing.assert_array_equal(prepared.rgb[0, 0], 1)
    np.testing.assert_array_equal(prepared.premultiplied[0, 0], 0)
    np.testing.assert_allclose(prepared.rgb[32, 32] * 255, ORANGE, atol=1)
    edge = (prepared.alpha > 0.2) & (prepared.alpha < 0.8)
    expected = 1 - prepared.alpha[edge][:, None] * (1 - np.array(ORANGE) / 255)
    np.testing.assert_allclose(prepared.rgb[edge], expected, atol=0.03)


def test_frame_object_reaches_beyond_the_border():
    rgba = np.zeros((50, 80, 4), np.uint8)
    rgba[:30, 60:] = (*ORANGE, 255)
    framed = frame_object(rgba, 0.5)
    assert framed.shape == (60, 60, 4)
    assert (framed[..., 3] > 0).sum() == 30 * 20
