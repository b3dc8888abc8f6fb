# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces swept along a path, of which all synthetic objects are composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...mesh.rendering import TexturedTriangles
from ...mesh.triangles import FloatArray, IntArray, Triangles

SIDES = 32
"""Number of corners of a cross-section."""
ROUND, BOX = 2.0, 16.0
"""Exponents p of the superellipse |x|^p + |y|^p = 1: a circle, and almost a square."""


@dataclass
class Part(Triangles):
    """A closed surface with texture coordinates."""

    uv: FloatArray
    """(v, 2) in [0, 1]: the texture's left half wraps around the path, its right half covers the
    ends."""
    material: int
    """Index of the texture: parts of an object may share one."""

    def moved(self, rotation: FloatArray, offset: FloatArray) -> Part:
        """The part after a rotation, (3, 3), and a shift, (3,)."""
        return replace(self, vertices=self.vertices @ rotation.T + offset)

    def scaled(self, factors: FloatArray) -> Part:
        """The part, stretched along the axes by three positive factors."""
        return replace(self, vertices=self.vertices * factors)


def painted(parts: Sequence[Part], textures: Sequence[FloatArray]) -> TexturedTriangles:
    """The parts as one set of triangles; `textures`: by material index, all of one size."""
    return TexturedTriangles(
        np.concatenate([part.vertices[part.faces] for part in parts]),
        np.concatenate([part.vertex_normals[part.faces] for part in parts]),
        np.concatenate([part.uv[part.faces] for part in parts]),
        np.concatenate([np.full(len(part.faces), part.material) for part in parts]),
        np.stack(textures))


def rotation_about(axis: int, angle_deg: float) -> FloatArray:
    """The (3, 3) counter-clockwise rotation about a coordinate axis (0 to 2)."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
    return matrix


def sweep(path: FloatArray, radius: FloatArray, material: int = 0, exponent: float = ROUND,
          end_rings: int = 0) -> Part:
    """A superelliptic cross-section swept along a path in the xz plane, closed at both ends.

    A path along z with a varying radius gives a solid of revolution. Two equal consecutive points
    give a crease.

    Args:
        path: (n, 2), x and z.
        radius: (n,), half widths.
        end_rings: number of points at each end that the texture covers from above instead of
            wrapping around; a crease should separate them from the sides.
    """
    angle = np.linspace(0, 2 * np.pi, SIDES + 1)
    # Rounded: a small power would turn the 1e-16 of a zero into a visible length.
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
    """Relative arc length of a polyline's points, from 0 to 1."""
    length = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(length)]) / length.sum()


def _across(path: FloatArray) -> FloatArray:
    """(n, 2) unit vectors in the plane, perpendicular to the path; x for a vertical path."""
    tangent = np.gradient(path, axis=0)
    if np.abs(tangent[:, 0]).max() < 1e-9:
        return np.tile([1.0, 0.0], (len(path), 1))
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)


def _grid_faces(rows: int, columns: int) -> IntArray:
    """Two triangles per cell of a grid of vertices, facing outwards for a vertical path."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    right, up = corner + 1, corner + columns
    return np.concatenate([np.stack([corner, right, up], 1), np.stack([right, up + 1, up], 1)])


def lathe(points: list[tuple[float, float]], material: int = 0, exponent: float = ROUND,
          smooth: bool = False) -> Part:
    """A solid of revolution about z.

    Args:
        points: the profile, (radius, z) from one end to the other.
        smooth: if False, every corner is a crease, and the first and last segment are the ends.
    """
    profile = np.asarray(points, float)
    if smooth:
        return sweep(_upright(profile[:, 1]), profile[:, 0], material, exponent)
    doubled = np.repeat(profile, 2, axis=0)[1:-1]
    return sweep(_upright(doubled[:, 1]), doubled[:, 0], material, exponent, end_rings=2)


def _upright(z: FloatArray) -> FloatArray:
    return np.stack([np.zeros_like(z), z], axis=1)


def box(size: Sequence[float] | FloatArray, material: int = 0, exponent: float = BOX) -> Part:
    """A centred box with three side lengths."""
    part = lathe([(0, -0.5), (0.5, -0.5), (0.5, 0.5), (0, 0.5)], material, exponent)
    return part.scaled(np.asarray(size, float))


def cylinder(radius: float, height: float, material: int = 0) -> Part:
    """A centred upright cylinder."""
    half = height / 2
    return lathe([(0, -half), (radius, -half), (radius, half), (0, half)], material)


def ellipsoid(size: Sequence[float] | FloatArray, material: int = 0,
              exponent: float = ROUND) -> Part:
    """A centred ellipsoid with three diameters; larger exponents give it flatter sides."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 17)
    z = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / exponent)
    radius = np.cos(t) ** (2 / exponent)
    part = lathe(list(zip(radius / 2, z / 2, strict=True)), material, exponent, smooth=True)
    return part.scaled(np.asarray(size, float))
