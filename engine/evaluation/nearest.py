# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nearest neighbours between point sets of the size that the metrics compare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from ..mesh.triangles import FloatArray, IntArray

LEAF_SIZE = 32
"""Points in a leaf of a search tree. With 100,000 points that are far from those of the tree, as a
poor shape's are, a query takes two thirds of the time that it takes with leaves of 10."""


class Nearest(NamedTuple):
    """The nearest point for each of n points."""

    distances: FloatArray
    """(n,)"""
    indices: IntArray
    """(n,), of points of the other set."""


class SearchTree:
    """A search tree of (m, 3) points.

    Points and queries are sorted so that successive ones are close together. They then stay in the
    processor's cache: with 100,000 points in each set, this halves the time of a query.
    """

    def __init__(self, points: FloatArray) -> None:
        self._order = _spatial_order(points)
        self._tree = cKDTree(points[self._order], leafsize=LEAF_SIZE)

    def nearest(self, points: FloatArray) -> Nearest:
        """The nearest points of the tree for (n, 3) points."""
        order = _spatial_order(points)
        found = self._tree.query(points[order])
        distances, indices = np.empty(len(points)), np.empty(len(points), int)
        distances[order], indices[order] = found[0], self._order[found[1]]
        return Nearest(distances, indices)


def _spatial_order(points: FloatArray) -> IntArray:
    """Indices (n,) that sort (n, 3) points by the leaves of a search tree."""
    return cKDTree(points, leafsize=LEAF_SIZE).indices


def nearest_both_ways(a: FloatArray, b: FloatArray) -> tuple[Nearest, Nearest]:
    """The nearest points of `b`, (m, 3), for those of `a`, (n, 3), and of `a` for those of `b`."""
    return SearchTree(b).nearest(a), SearchTree(a).nearest(b)
