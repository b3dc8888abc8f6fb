# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random textures and lights.

A texture's left half wraps around a part, its right half covers its ends.
"""

from __future__ import annotations

import colorsys

import numpy as np
from PIL import Image, ImageDraw

from ...mesh.rendering import Lights
from ...mesh.triangles import FloatArray

SIZE = 128
"""Height of a texture in pixels; it is twice as wide."""
LETTERS = list("ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789 abcdefghiklmnorstuvw")


def random_texture(rng: np.random.Generator) -> FloatArray:
    """A random texture, (SIZE, 2 * SIZE, 3) in [0, 1], sRGB."""
    base = random_colour(rng)
    image = Image.new("RGB", (2 * SIZE, SIZE), base)
    draw = ImageDraw.Draw(image)
    kind = rng.choice(["plain", "bands", "label", "spots"], p=[0.4, 0.15, 0.35, 0.1])
    if kind == "bands":
        for _ in range(rng.integers(1, 6)):
            y, tall = rng.uniform(0, SIZE), rng.uniform(2, SIZE / 3)
            draw.rectangle((0, y, SIZE, y + tall), random_colour(rng))
    elif kind == "label":
        _label(rng, draw)
    elif kind == "spots":
        spot = random_colour(rng)
        for _ in range(rng.integers(5, 60)):
            x, y, r = *rng.uniform(0, (2 * SIZE, SIZE)), rng.uniform(1, 9)
            draw.ellipse((x - r, y - r, x + r, y + r), spot)
    if rng.random() < 0.4:
        draw.rectangle((SIZE, 0, 2 * SIZE, SIZE), random_colour(rng))
    return _weathered(rng, np.asarray(image, np.float64) / 255)


def random_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """A random grey or colour, sRGB bytes."""
    if rng.random() < 0.3:
        red = green = blue = rng.choice([rng.uniform(0.05, 0.3), rng.uniform(0.3, 1), 0.95])
    else:
        red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 1),
                                               rng.uniform(0.25, 1))
    return int(red * 255), int(green * 255), int(blue * 255)


def _label(rng: np.random.Generator, draw: ImageDraw.ImageDraw) -> None:
    """Draw panels and letters, repeated on one, two or four sides as on packages."""
    repeats = int(rng.choice([1, 2, 4]))
    wide = SIZE / repeats
    panels = [(rng.uniform(0, 0.6, 2), rng.uniform(0.2, 1, 2), random_colour(rng), rng.integers(3))
              for _ in range(rng.integers(1, 6))]
    lines = [(rng.uniform(0, 0.5), rng.uniform(0, 0.9), random_colour(rng), rng.uniform(8, 30),
              "".join(rng.choice(LETTERS, rng.integers(2, 12))))
             for _ in range(rng.integers(0, 7))]
    offset = rng.uniform(0, wide)
    for i in range(-1, repeats + 1):
        left = i * wide + offset
        for corner, extent, colour, shape in panels:
            x, y = left + corner[0] * wide, corner[1] * SIZE
            bounds = (x, y, x + extent[0] * wide, y + extent[1] * SIZE)
            (draw.ellipse if shape == 0 else draw.rectangle)(bounds, colour)
        for x, y, colour, size, text in lines:
            draw.text((left + x * wide, y * SIZE), text, colour, font_size=size)


def _weathered(rng: np.random.Generator, texture: FloatArray) -> FloatArray:
    """The texture with slow changes of brightness that are continuous across the seam."""
    y, x = np.mgrid[:SIZE, :2 * SIZE] * (2 * np.pi / SIZE)
    change = np.zeros_like(x)
    for _ in range(4):
        across, along = rng.integers(0, 6), rng.uniform(0, 6)
        change += np.sin(across * x + along * y + rng.uniform(0, 2 * np.pi))
    return (texture * (1 + rng.uniform(0, 0.06) * change[..., None])).clip(0, 1)


def random_lights(rng: np.random.Generator) -> Lights:
    """Two random lights above the horizon, the first one stronger."""
    directions = rng.normal(size=(2, 3))
    directions[:, 2] = np.abs(directions[:, 2]) + 0.2
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    strengths = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.35)])
    return Lights(directions, strengths, rng.uniform(0.35, 0.65),
                  rng.choice([0.0, rng.uniform(0.05, 0.4)]), rng.uniform(8, 60))
