# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of an alpha channel distinguishes a finished cut-out from a photo with its
background."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.imaging import cut_out, frame_image
from engine.imaging.alpha_channel import alpha_meaning

SIDE = 200
BACKGROUND = (150, 170, 150)
RED = (200, 60, 40)
THING = (75, 40, 125, 170)


def photo() -> Image.Image:
    """A red box before a plain background, opaque."""
    image = Image.new("RGBA", (SIDE, SIDE), (*BACKGROUND, 255))
    image.paste((*RED, 255), THING)
    return image


def with_alpha(draw) -> Image.Image:
    image, alpha = photo(), Image.new("L", (SIDE, SIDE), 0)
    draw(ImageDraw.Draw(alpha))
    image.putalpha(alpha)
    return image


def one_pixel(level: int) -> Image.Image:
    image = photo()
    image.putpixel((0, 0), (*BACKGROUND, level))
    return image


def faded() -> Image.Image:
    """A photo whose border fades out."""
    ramp = np.clip(np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / 30, 0, 1)
    image = photo()
    image.putalpha(Image.fromarray((np.minimum.outer(ramp, ramp) * 255).astype(np.uint8)))
    return image


def noisy() -> Image.Image:
    """An opaque photo whose alpha channel went through a lossy format."""
    image = photo()
    image.putalpha(Image.fromarray(
        np.random.default_rng(0).integers(235, 256, (SIDE, SIDE), np.uint8)))
    return image


def same_alpha(level: int) -> Image.Image:
    image = photo()
    image.putalpha(level)
    return image


def with_ramp(values: np.ndarray) -> Image.Image:
    """A photo with these opacities, of which 0 is transparent and 1 opaque."""
    image = photo()
    levels = np.broadcast_to(np.clip(values, 0, 1) * 255, (SIDE, SIDE)).astype(np.uint8)
    image.putalpha(Image.fromarray(levels))
    return image


RADIUS = np.hypot(*np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j])
"""Distance from the middle; 1 at the borders."""
PHOTOS = {
    "opaque": photo, "one pixel of 254": lambda: one_pixel(254), "one pixel of 0":
    lambda: one_pixel(0), "alpha 250": lambda: same_alpha(250), "alpha 60": lambda: same_alpha(60),
    "noise": noisy, "faded border": faded,
    "rounded corners": lambda: with_alpha(
        lambda d: d.rounded_rectangle([0, 0, SIDE - 1, SIDE - 1], 12, fill=255)),
    "very round corners": lambda: with_alpha(
        lambda d: d.rounded_rectangle([0, 0, SIDE - 1, SIDE - 1], 44, fill=255)),
    "bars above and below": lambda: with_alpha(
        lambda d: d.rectangle([0, 25, SIDE - 1, SIDE - 26], fill=255)),
    "circle": lambda: with_alpha(lambda d: d.ellipse([0, 0, SIDE - 1, SIDE - 1], fill=255)),
    "fades to one side": lambda: with_ramp(np.linspace(0, 1, SIDE)[None]),
    "fades downwards": lambda: with_ramp(np.linspace(1, 0, SIDE)[:, None]),
    "feathered ellipse": lambda: with_ramp(2.6 * (1 - RADIUS)),
    "feathered small circle": lambda: with_ramp(5 * (0.85 - RADIUS))}
OBJECTS = {
    "box": lambda: with_alpha(lambda d: d.rectangle(THING, fill=255)),
    "large box": lambda: with_alpha(lambda d: d.rectangle([2, 2, 197, 197], fill=255)),
    "translucent": lambda: with_alpha(lambda d: d.rectangle(THING, fill=102)),
    "very translucent": lambda: with_alpha(lambda d: d.rectangle(THING, fill=20)),
    "cut off by a border": lambda: with_alpha(lambda d: d.ellipse([20, 60, 180, 300], fill=255)),
    "cropped to its box": lambda: with_alpha(
        lambda d: d.polygon([100, 0, 199, 70, 160, 199, 40, 199, 0, 70], fill=255)),
    "ghost": lambda: with_alpha(lambda d: [
        d.line([75 + y % 40, y, 125, y], fill=120 + y // 2) for y in range(40, 171)]),
    "ball in a corner": lambda: with_alpha(lambda d: d.ellipse([0, 0, 60, 60], fill=255))}


@pytest.mark.parametrize("kind", PHOTOS)
def test_cut_out_ignores_alpha_of_a_whole_photo(tmp_path, kind):
    """All images give the same object as the opaque photo."""
    PHOTOS[kind]().save(tmp_path / "a.png")
    cut = cut_out(tmp_path / "a.png")
    assert cut.method == "colour"
    inside = np.zeros((SIDE, SIDE), bool)
    inside[THING[1]:THING[3], THING[0]:THING[2]] = True
    found = cut.rgba[..., 3] > 127
    assert (found & inside).sum() / (found | inside).sum() > 0.97


@pytest.mark.parametrize("kind", OBJECTS)
def test_cut_out_keeps_alpha_of_a_finished_cut_out(tmp_path, kind):
    image = OBJECTS[kind]()
    image.save(tmp_path / "a.png")
    cut = cut_out(tmp_path / "a.png")
    assert cut.method == "alpha"
    np.testing.assert_array_equal(cut.rgba[..., 3] > 127, np.asarray(image)[..., 3] > 8)


def test_cut_out_makes_a_translucent_object_solid(tmp_path):
    OBJECTS["translucent"]().save(tmp_path / "a.png")
    framed = frame_image(tmp_path / "a.png")
    assert framed.at(64).alpha.max() == 1
    assert "opacity 40%" in framed.report["notes"][0]


def test_as_solid_object_keeps_soft_edges():
    """Only the solid part is raised to full opacity."""
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:44, 20:44] = 255
    alpha[44:50, 20:44] = 90
    rgba = np.dstack([np.full((64, 64, 3), 99, np.uint8), alpha])
    np.testing.assert_array_equal(cut_out(rgba).rgba[..., 3], alpha)


def test_cut_out_accepts_a_chosen_interpretation():
    corners = np.asarray(PHOTOS["rounded corners"]())
    assert (cut_out(corners, alpha="trust").rgba[..., 3] > 127).mean() > 0.9
    box = np.asarray(OBJECTS["large box"]())
    assert (cut_out(box, alpha="ignore").rgba[..., 3] > 127).mean() < 0.4


@pytest.mark.parametrize(("kinds", "interpretation", "alternative"), [
    (OBJECTS, "cut-out", "alpha=ignore"), (PHOTOS, "photo", "alpha=trust")])
def test_report_states_interpretation_and_alternative(kinds, interpretation, alternative):
    report = cut_out(np.asarray(next(iter(kinds.values()))())).report
    assert report["interpreted_as"] == interpretation
    assert alternative in report["alternative"]


def test_cut_out_reports_unused_transparency():
    note = cut_out(np.asarray(PHOTOS["very round corners"]())).notes[0]
    assert "fills the frame; alpha=trust" in note
    assert cut_out(np.asarray(PHOTOS["opaque"]())).notes == []


def test_cut_out_reports_an_object_at_the_border():
    cut = cut_out(np.asarray(OBJECTS["cut off by a border"]()))
    assert "lower border" in cut.notes[0]


def test_alpha_meaning_states_its_reason():
    assert "fills the frame" in alpha_meaning(
        np.asarray(PHOTOS["very round corners"]())[..., 3]).reason
