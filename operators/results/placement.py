# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results stand and how large they are. Mesh, planes and cameras of a picture move as one."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .options import ImportOptions

KEY = "zero123_placement"
"""Property of a collection: the matrix from the engine's world to the scene's, row by row."""


def place_views(items: Iterable[bpy.types.Object], collection: bpy.types.Collection,
                scene: bpy.types.Scene, options: ImportOptions) -> None:
    """Bring new planes and cameras to where their collection stands, or is to stand."""
    matrix = _stored(collection)
    if matrix is None:
        matrix = Matrix.Translation(_location(scene, options)) @ Matrix.Scale(options.size or 1, 4)
        _store(collection, matrix)
    _move(items, matrix)


def place_mesh(item: bpy.types.Object, collection: bpy.types.Collection, scene: bpy.types.Scene,
               options: ImportOptions) -> None:
    """Bring a new mesh to its place, and what the collection already holds along with it.

    Only the mesh tells how large the object is and where its lowest point lies.
    """
    before = _stored(collection)
    location = before.translation if before else _location(scene, options)
    points = _world_vertices(item)
    longest = float(np.ptp(points, axis=0).max())
    scale = before.median_scale if before else 1.0
    if options.size and longest > 0:
        scale = options.size / longest
    if options.on_ground:
        location = location - Vector((0, 0, scale * float(points[:, 2].min())))
    matrix = Matrix.Translation(location) @ Matrix.Scale(scale, 4)
    _move([other for other in collection.objects if other != item],
          matrix @ (before or Matrix()).inverted())
    _move([item], matrix)
    _store(collection, matrix)


def _location(scene: bpy.types.Scene, options: ImportOptions) -> Vector:
    return scene.cursor.location.copy() if options.location == 'CURSOR' else Vector()


def _move(items: Iterable[bpy.types.Object], matrix: Matrix) -> None:
    if matrix == Matrix():
        return
    for item in items:
        if item.parent is None:
            item.matrix_world = matrix @ item.matrix_world


def _world_vertices(item: bpy.types.Object) -> np.ndarray:
    flat = np.empty(3 * len(item.data.vertices), np.float32)
    item.data.vertices.foreach_get("co", flat)
    matrix = np.array(item.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def _stored(collection: bpy.types.Collection) -> Matrix | None:
    values = collection.get(KEY)
    return None if values is None else Matrix(np.reshape([*values], (4, 4)).tolist())


def _store(collection: bpy.types.Collection, matrix: Matrix) -> None:
    collection[KEY] = [value for row in matrix for value in row]
