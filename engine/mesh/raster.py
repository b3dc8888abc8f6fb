# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small triangle rasteriser: the covered pixels and their barycentric coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .triangles import FloatArray, IntArray

MAX_CANDIDATES = 1 << 19
"""Maximum number of pixels of bounding boxes tested at a time, which limits the memory: four times
as many take a fifth longer, because less stays in the processor's cache."""


@dataclass
class Fragments:
    """K pixels covered by triangles."""

    pixel: IntArray
    """K; row * size + column, row 0 at the top."""
    face: IntArray
    """K; index of the triangle."""
    barycentric: FloatArray
    """K x 3; weights of its corners."""

    def interpolate(self, corner_values: FloatArray) -> FloatArray:
        """K x C from F x 3 x C values at the triangles' corners."""
        return np.einsum("kc,kcd->kd", self.barycentric, corner_values[self.face])


def rasterise(corners: FloatArray, size: int) -> Iterator[Fragments]:
    """Pixels of a size x size image whose centre lies in a triangle, in a few large batches.

    `corners`: F x 3 x 2 in pixels, x to the right, y down. Each covering triangle gives a fragment.
    """
    low = np.clip(np.ceil(corners.min(axis=1) - 0.5), 0, size).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1) - 0.5) + 1, 0, size).astype(np.int64)
    width, height = np.maximum(high - low, 0).T
    area = width * height
    face = np.nonzero(area)[0]
    batch = np.cumsum(area[face]) // MAX_CANDIDATES
    for number in np.unique(batch):
        yield _covered(corners, low, width, area, face[batch == number], size)


def _covered(corners: FloatArray, low: IntArray, width: IntArray, area: IntArray, face: IntArray,
             size: int) -> Fragments:
    """The pixels of these triangles' bounding boxes that lie inside them."""
    start, along_x, along_y = _barycentric(corners[face], low[face] + 0.5)
    index = np.repeat(np.arange(len(face)), area[face])
    nth = np.arange(len(index)) - np.repeat(np.cumsum(area[face]) - area[face], area[face])
    down, right = np.divmod(nth, width[face][index])
    # A small tolerance, so that rounding does not exclude a pixel centre exactly on a shared edge.
    b, c = (start[i][index] + right * along_x[i][index] + down * along_y[i][index]
            for i in range(2))
    inside = np.flatnonzero((b >= -1e-6) & (c >= -1e-6) & (b + c <= 1 + 1e-6))
    owner = face[index[inside]]
    pixel = (low[owner, 1] + down[inside]) * size + low[owner, 0] + right[inside]
    b, c = b[inside], c[inside]
    return Fragments(pixel, owner, np.stack([1 - b - c, b, c], axis=1))


def _barycentric(corners: FloatArray, origin: FloatArray) -> tuple[FloatArray, ...]:
    """The second and third barycentric coordinate, as linear functions of the position.

    `corners`: F x 3 x 2, `origin`: F x 2. Returns (their values at the origin, their change along
    x, along y), 2 x F each. Nothing lies inside a degenerate triangle.
    """
    (ax, ay), (bx, by), (cx, cy) = corners.transpose(1, 2, 0)
    x, y = origin.T
    doubled = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    flat = np.abs(doubled) < 1e-12
    doubled = np.where(flat, 1.0, doubled)
    along_x = np.stack([cy - ay, ay - by]) / doubled
    along_y = np.stack([ax - cx, bx - ax]) / doubled
    start = along_x * (x - ax) + along_y * (y - ay)
    return np.where(flat, -1.0, start), along_x * ~flat, along_y * ~flat
