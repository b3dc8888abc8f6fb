# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a density volume to a closed triangle mesh of a wanted size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import fast_simplification
import mcubes
import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]

MIN_PART = 0.03
"""Separate parts smaller than this share of the largest are floaters."""
MAX_RESOLUTION = 320
"""Finest volume that marching cubes is given, whatever number of faces is wanted."""


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
        """Enclosed volume; positive if the faces are wound as promised."""
        a, b, c = np.moveaxis(self.vertices[self.faces].astype(float), 1, 0)
        return float((a * np.cross(b, c)).sum() / 6)

    @property
    def vertex_normals(self) -> FloatArray:
        """V x 3 unit normals, the faces' weighted by their area."""
        a, b, c = np.moveaxis(self.vertices[self.faces].astype(float), 1, 0)
        normals = np.zeros((len(self.vertices), 3))
        np.add.at(normals, self.faces, np.cross(b - a, c - a)[:, None])
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def solid(density: FloatArray, level: float) -> FloatArray:
    """The volume without floaters and without hollows that can't be seen from outside.

    Small separate parts above `level` are emptied, enclosed parts below it are filled. Parts touch
    across faces, edges and corners; their complement only across faces.
    """
    labels, count = ndimage.label(density > level, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    keep = sizes >= MIN_PART * sizes.max()
    keep[0] = True
    cleaned = np.where(keep[labels], density, 0.0)
    outside, _ = ndimage.label(np.pad(cleaned <= level, 1, constant_values=True))
    hollow = (outside > 0) & (outside != outside[0, 0, 0])
    return np.where(hollow[1:-1, 1:-1, 1:-1], 2 * level, cleaned)


def extract(density: FloatArray, level: float, half_extent: float) -> Triangles:
    """The level set of an X x X x X volume whose outermost samples lie on [-h, h]^3's faces.

    A layer of empty space is added, so that the mesh is closed even where the object is cut.
    """
    vertices, faces = mcubes.marching_cubes(np.pad(density, 1), level)
    scale = 2 * half_extent / (len(density) - 1)
    mesh = Triangles((vertices - 1) * scale - half_extent, faces.astype(np.int64))
    if mesh.volume < 0:
        mesh.faces = mesh.faces[:, ::-1].copy()
    return mesh


def mesh_volume(density: FloatArray, level: float, half_extent: float, faces: int) -> Triangles:
    """A closed mesh of `density` at `level` with `faces` triangles.

    The volume is refined if it holds fewer triangles than wanted (up to `MAX_RESOLUTION`, so a
    plain shape may end with fewer), and the mesh is simplified if it has more.
    """
    density = solid(density, level)
    mesh = extract(density, level, half_extent)
    if len(mesh.faces) < faces:
        finer = math.ceil(math.sqrt(1.05 * faces / max(len(mesh.faces), 1)))
        finer = min(finer, MAX_RESOLUTION // len(density))
        if finer > 1:
            mesh = extract(_refined(density, finer), level, half_extent)
    return simplified(mesh, faces)


def simplified(mesh: Triangles, faces: int) -> Triangles:
    """The mesh with at most `faces` triangles (quadric edge collapse; Garland & Heckbert 1997).

    A collapse can pinch a surface so that an edge has four faces. A slightly different target makes
    other collapses, so up to 2 % fewer triangles are tried until the result is closed.
    """
    if len(mesh.faces) <= faces:
        return mesh
    best = None
    for target in np.unique(np.linspace(faces, 0.98 * faces, 6).astype(int))[::-1]:
        vertices, triangles = fast_simplification.simplify(
            mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), target_count=int(target))
        result = Triangles(vertices.astype(float), triangles.astype(np.int64))
        if result.is_watertight:
            return result
        best = best or result
    assert best is not None
    return best


def _refined(density: FloatArray, factor: int) -> FloatArray:
    """The volume with `factor` times as many steps along each side, ends kept."""
    count = (len(density) - 1) * factor + 1
    return ndimage.zoom(density, count / len(density), order=1)
