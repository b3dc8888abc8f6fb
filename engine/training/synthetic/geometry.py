# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces swept along a path: the one primitive that every synthetic object is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...mesh.rendering import TexturedTriangles
from ...mesh.triangles import FloatArray, IntArray, Triangles

SIDES = 32
"""Corners of a round cross-section."""
ROUND, BOX = 2.0, 16.0
"""Exponents of the superellipse |x|^p + |y|^p = 1: a circle, nearly a square."""


@dataclass
class Part(Triangles):
    """One surface to be painted."""

    uv: FloatArray
    """V x 2 in [0, 1]: the left half wraps around the path, the right half covers both ends."""
    material: int
    """Parts of one object with the same number get the same paint."""

    def moved(self, rotation: FloatArray, offset: FloatArray) -> Part:
        """Rotated (3 x 3), then shifted (3)."""
        return replace(self, vertices=self.vertices @ rotation.T + offset)

    def scaled(self, factors: FloatArray) -> Part:
        """Stretched along the axes by three positive factors."""
        return replace(self, vertices=self.vertices * factors)


def painted(parts: Sequence[Part], textures: Sequence[FloatArray]) -> TexturedTriangles:
    """The parts as one list of triangles; `textures` by their material numbers, of one size."""
    return TexturedTriangles(
        np.concatenate([part.vertices[part.faces] for part in parts]),
        np.concatenate([part.vertex_normals[part.faces] for part in parts]),
        np.concatenate([part.uv[part.faces] for part in parts]),
        np.concatenate([np.full(len(part.faces), part.material) for part in parts]),
        np.stack(textures))


def rotation_about(axis: int, angle_deg: float) -> FloatArray:
    """3 x 3 rotation about a coordinate axis (0, 1, 2), counter-clockwise."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
    return matrix


def sweep(path: FloatArray, radius: FloatArray, material: int = 0, exponent: float = ROUND,
          end_rings: int = 0) -> Part:
    """A superelliptic cross-section swept along a path in the xz plane, closed at both ends.

    `path`: N x 2 (x, z); `radius`: N, half widths. A path along z whose radius changes is a solid
    of revolution. Two equal consecutive points make a crease. The texture wraps around, and covers
    the first and last `end_rings` points from above; a crease belongs between the two.
    """
    angle = np.linspace(0, 2 * np.pi, SIDES + 1)
    # Rounded, because a small power makes a visible length of the 1e-16 that should be a zero.
    cosine, sine = np.cos(angle).round(9), np.sin(angle).round(9)
    section = np.stack([np.sign(cosine) * np.abs(cosine) ** (2 / exponent),
                        np.sign(sine) * np.abs(sine) ** (2 / exponent)], axis=1)
    across = _across(path)
    ring = radius[:, None, None] * section
    vertices = np.stack([path[:, None, 0] + across[:, None, 0] * ring[..., 0], ring[..., 1],
                         path[:, None, 1] + across[:, None, 1] * ring[..., 0]], axis=-1)
    uv = 0.5 + ring / radius.max() * [0.24, 0.48] + [0.25, 0]
    sides = slice(end_rings, len(path) - end_rings)
    uv[sides, :, 0] = _fractions(section) / 2
    uv[sides, :, 1] = _fractions(np.column_stack([path, radius])[sides])[:, None]
    return Part(vertices.reshape(-1, 3), _grid_faces(len(path), SIDES + 1), uv.reshape(-1, 2),
                material)


def _fractions(line: FloatArray) -> FloatArray:
    """How far along a polyline its points lie, from 0 to 1."""
    length = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(length)]) / length.sum()


def _across(path: FloatArray) -> FloatArray:
    """N x 2 unit vectors in the plane, at right angles to the path; x for a path that climbs."""
    tangent = np.gradient(path, axis=0)
    if np.abs(tangent[:, 0]).max() < 1e-9:
        return np.tile([1.0, 0.0], (len(path), 1))
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)


def _grid_faces(rows: int, columns: int) -> IntArray:
    """Two triangles per cell of a grid of vertices, outward for a path that climbs."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    right, up = corner + 1, corner + columns
    return np.concatenate([np.stack([corner, right, up], 1), np.stack([right, up + 1, up], 1)])


def lathe(points: list[tuple[float, float]], material: int = 0, exponent: float = ROUND,
          smooth: bool = False) -> Part:
    """A solid of revolution about z from its profile: (radius, z) from one end to the other.

    With straight segments every corner is a crease, and the first and last segment are the ends.
    A smooth profile has neither.
    """
    profile = np.asarray(points, float)
    if smooth:
        return sweep(_upright(profile[:, 1]), profile[:, 0], material, exponent)
    doubled = np.repeat(profile, 2, axis=0)[1:-1]
    return sweep(_upright(doubled[:, 1]), doubled[:, 0], material, exponent, end_rings=2)


def _upright(z: FloatArray) -> FloatArray:
    return np.stack([np.zeros_like(z), z], axis=1)


def box(size: Sequence[float] | FloatArray, material: int = 0, exponent: float = BOX) -> Part:
    """A box of three side lengths, centred."""
    part = lathe([(0, -0.5), (0.5, -0.5), (0.5, 0.5), (0, 0.5)], material, exponent)
    return part.scaled(np.asarray(size, float))


def cylinder(radius: float, height: float, material: int = 0) -> Part:
    """An upright cylinder, centred."""
    half = height / 2
    return lathe([(0, -half), (radius, -half), (radius, half), (0, half)], material)


def ellipsoid(size: Sequence[float] | FloatArray, material: int = 0,
              exponent: float = ROUND) -> Part:
    """An ellipsoid of three diameters, centred; larger exponents make it boxier."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 17)
    z = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / exponent)
    radius = np.cos(t) ** (2 / exponent)
    part = lathe(list(zip(radius / 2, z / 2, strict=True)), material, exponent, smooth=True)
    return part.scaled(np.asarray(size, float))
