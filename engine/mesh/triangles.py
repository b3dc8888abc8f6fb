# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A triangle mesh and its geometric properties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]


@dataclass
class Triangles:
    """A triangle mesh, counter-clockwise seen from outside."""

    vertices: FloatArray
    """V x 3, world."""
    faces: IntArray
    """F x 3, indices of vertices."""

    @property
    def is_watertight(self) -> bool:
        """Whether every edge joins exactly two faces that run along it in opposite directions."""
        start, end = self.faces.reshape(-1), np.roll(self.faces, -1, axis=1).reshape(-1)
        count = len(self.vertices)
        forward = np.sort(start.astype(np.int64) * count + end)
        backward = np.sort(end.astype(np.int64) * count + start)
        return bool(len(forward) and np.array_equal(forward, backward)
                    and (np.diff(forward) > 0).all())

    @property
    def volume(self) -> float:
        """Enclosed volume; positive if the faces are counter-clockwise seen from outside."""
        a, b, c = np.moveaxis(self.vertices[self.faces].astype(float), 1, 0)
        return float((a * np.cross(b, c)).sum() / 6)

    @property
    def vertex_normals(self) -> FloatArray:
        """V x 3 unit normals: means of the faces' normals, weighted by their area."""
        a, b, c = np.moveaxis(self.vertices[self.faces].astype(float), 1, 0)
        normals = np.zeros((len(self.vertices), 3))
        np.add.at(normals, self.faces, np.cross(b - a, c - a)[:, None])
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
