# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surface colours of large textures, which are evaluated once per block of texels."""

from __future__ import annotations

import numpy as np
import pytest

from engine.mesh.bake import FIELD_TEXELS, _BlockColour
from engine.mesh.raster import Fragments, rasterise

SQUARE = np.array([[[3, 5], [35, 5], [3, 37]], [[35, 37], [3, 37], [35, 5]]], float)
"""Two triangles of 32 texels' side, texels."""


def square_fragments(size: int) -> tuple[Fragments, np.ndarray]:
    """The fragments of the square in a texture, and their positions in texels (K x 3)."""
    fragments = next(iter(rasterise(SQUARE, size)))
    row, column = np.divmod(fragments.pixel, size)
    return fragments, np.stack([column, row, np.zeros_like(row)], axis=1).astype(float)


@pytest.mark.parametrize("size", [FIELD_TEXELS // 2, FIELD_TEXELS])
def test_block_colour_evaluates_every_texel_of_a_small_texture(size: int) -> None:
    fragments, points = square_fragments(size)
    found = _BlockColour(lambda points, normals: points, size)(fragments, points, points)
    np.testing.assert_array_equal(found, points)


def test_block_colour_evaluates_one_texel_of_each_block_and_face() -> None:
    fragments, points = square_fragments(2 * FIELD_TEXELS)
    evaluated: list[int] = []

    def colour(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        evaluated.append(len(points))
        return points

    found = _BlockColour(colour, 2 * FIELD_TEXELS)(fragments, points, points)
    assert np.abs(found - points).max() == 1
    assert evaluated[0] < 0.35 * len(points)
