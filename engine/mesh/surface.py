# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extracts a closed triangle mesh with a given number of faces from a volume."""

from __future__ import annotations

import math
from collections.abc import Sequence

import fast_simplification
import mcubes
import numpy as np
from scipy import ndimage

from .repair import unpinched
from .triangles import FloatArray, Triangles

MIN_PART = 0.03
"""Separate parts smaller than this share of the largest are floaters."""
MAX_SAMPLES = 320**3
"""Maximum number of samples of a volume for marching cubes, for any number of faces."""


def solid(volume: FloatArray, level: float) -> FloatArray:
    """The volume without floaters and without hollows that are invisible from outside.

    Small separate parts above `level` are emptied, enclosed parts below it are filled. Parts touch
    across faces, edges and corners; their complement only across faces.
    """
    labels, count = ndimage.label(volume > level, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    keep = sizes >= MIN_PART * sizes.max()
    keep[0] = True
    cleaned = np.where(keep[labels], volume, 0.0)
    outside, _ = ndimage.label(np.pad(cleaned <= level, 1, constant_values=True))
    hollow = (outside > 0) & (outside != outside[0, 0, 0])
    return np.where(hollow[1:-1, 1:-1, 1:-1], 2 * level, cleaned)


def extract(volume: FloatArray, level: float, low: Sequence[float],
            voxel_size: float) -> Triangles:
    """The level set of an X x Y x Z volume whose first sample lies at `low`.

    A layer of empty space is added, so that the mesh is closed even where the object is cut.
    """
    vertices, faces = mcubes.marching_cubes(np.pad(volume, 1), level)
    mesh = Triangles((vertices - 1) * voxel_size + np.asarray(low), faces.astype(np.int64))
    if mesh.volume < 0:
        mesh.faces = mesh.faces[:, ::-1].copy()
    return mesh


def mesh_volume(volume: FloatArray, level: float, low: Sequence[float], voxel_size: float,
                faces: int) -> Triangles:
    """A closed mesh of `volume` at `level` with `faces` triangles; the rest as for `extract`.

    The volume is refined if it holds fewer triangles than wanted (up to `MAX_SAMPLES`, so a
    plain shape may end with fewer), and the mesh is simplified if it has more.
    """
    volume = solid(volume, level)
    mesh = extract(volume, level, low, voxel_size)
    if len(mesh.faces) < faces:
        finer = math.ceil(math.sqrt(1.05 * faces / max(len(mesh.faces), 1)))
        finer = min(finer, int((MAX_SAMPLES / volume.size) ** (1 / 3)))
        if finer > 1:
            mesh = extract(_refined(volume, finer), level, low, voxel_size / finer)
    return simplified(mesh, faces)


def simplified(mesh: Triangles, faces: int) -> Triangles:
    """The mesh with at most `faces` triangles (quadric edge collapse; Garland & Heckbert 1997).

    Collapses can pinch the surface, and the repair adds triangles: if there are then too many, the
    simplification is repeated with a slightly lower target. The result is closed if the mesh was.
    """
    if len(mesh.faces) <= faces:
        return mesh
    for share in (1.0, 0.99, 0.97, 0.9):
        vertices, triangles = fast_simplification.simplify(
            mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32),
            target_count=int(faces * share))
        result = unpinched(Triangles(vertices.astype(float), triangles.astype(np.int64)))
        if len(result.faces) <= faces:
            break
    return result


def _refined(volume: FloatArray, factor: int) -> FloatArray:
    """The volume with `factor` times as many steps along each side and the same ends."""
    return ndimage.zoom(
        volume, [((count - 1) * factor + 1) / count for count in volume.shape], order=1)
