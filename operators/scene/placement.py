# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions and sizes of results. Mesh, planes and cameras of an image move together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy
from mathutils import Matrix, Vector

from .options import ImportOptions

if TYPE_CHECKING:
    import numpy as np

KEY = "zero123_placement"
"""Property of a collection: the matrix from the engine's world to the scene's, row by row."""

TURN = Matrix.Rotation(-math.pi / 2, 4, 'Z')
"""From the engine's world, where the input camera stands at +X, to Blender's axes, where the front
of an object faces -Y. Mesh files are already turned."""


@dataclass(frozen=True)
class Place:
    """The frame and collection for a result that belongs to something in the scene.

    It holds no bpy reference, so that a running job can keep it.
    """

    frame: tuple[float, ...]
    """The matrix from the engine's world to the scene's: 16 numbers, row by row."""
    collection: str = ""
    """Name of the collection that the result joins. If it is empty or gone, the result gets its own
    collection."""

    @property
    def matrix(self) -> Matrix:
        """The frame as a 4 x 4 matrix."""
        return matrix_of(self.frame)

    @classmethod
    def at(cls, matrix: Matrix, collection: str = "") -> Place:
        """The place with this 4 x 4 matrix as its frame."""
        return cls(tuple(value for row in matrix for value in row), collection)


def place_views(items: Iterable[bpy.types.Object], collection: bpy.types.Collection,
                scene: bpy.types.Scene, options: ImportOptions,
                place: Place | None = None) -> None:
    """Move new planes and cameras from the engine's world to their place in the scene.

    If `place` is None, it is the place of their collection; for a new collection, the options
    decide.
    """
    stored = stored_frame(collection)
    if place is not None:
        matrix = place.matrix
    elif stored is not None:
        matrix = stored
    else:
        matrix = new_frame(scene, options)
    if stored is None:
        store_frame(collection, matrix)
    _move(items, matrix)


def new_frame(scene: bpy.types.Scene, options: ImportOptions) -> Matrix:
    """The matrix from the engine's world to the scene's for newly imported views."""
    scale = Matrix.Scale(options.size or 1, 4)
    return Matrix.Translation(_location(scene, options)) @ scale @ TURN


def place_mesh(item: bpy.types.Object, collection: bpy.types.Collection, scene: bpy.types.Scene,
               options: ImportOptions, place: Place | None = None) -> None:
    """Move a new mesh to its place in the scene.

    The existing content of its collection moves with it. Size and ground depend on the mesh, which
    alone shows how large the object is and where its lowest point lies. A mesh that replaces
    another result gets that result's place.
    """
    import numpy as np

    before = stored_frame(collection)
    if place is not None and before is None:
        _move([item], place.matrix @ TURN.inverted())
        store_frame(collection, place.matrix)
        return
    location = before.translation if before else _location(scene, options)
    points = _world_vertices(item)
    longest = float(np.ptp(points, axis=0).max())
    scale = before.median_scale if before else 1.0
    if options.size and longest > 0:
        scale = options.size / longest
    if options.on_ground:
        location = location - Vector((0, 0, scale * float(points[:, 2].min())))
    placed = Matrix.Translation(location) @ Matrix.Scale(scale, 4)
    matrix = placed @ TURN
    _move([other for other in collection.objects if other != item],
          matrix @ (before or Matrix()).inverted())
    _move([item], placed)
    store_frame(collection, matrix)


def _location(scene: bpy.types.Scene, options: ImportOptions) -> Vector:
    return scene.cursor.location.copy() if options.location == 'CURSOR' else Vector()


def _move(items: Iterable[bpy.types.Object], matrix: Matrix) -> None:
    if matrix == Matrix():
        return
    for item in items:
        if item.parent is None:
            item.matrix_world = matrix @ item.matrix_world


def _world_vertices(item: bpy.types.Object) -> np.ndarray:
    import numpy as np

    flat = np.empty(3 * len(item.data.vertices), np.float32)
    item.data.vertices.foreach_get("co", flat)
    matrix = np.array(item.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def matrix_of(values: Iterable[float]) -> Matrix:
    """The 4 x 4 matrix of 16 numbers, row by row."""
    import numpy as np

    return Matrix(np.reshape([*values], (4, 4)).tolist())


def stored_frame(collection: bpy.types.Collection) -> Matrix | None:
    """The matrix that an import has stored on a collection; None if it holds no result."""
    values = collection.get(KEY)
    return None if values is None else matrix_of(values)


def store_frame(collection: bpy.types.Collection, matrix: Matrix) -> None:
    """Store the matrix from the engine's world to the scene's on a collection."""
    collection[KEY] = [value for row in matrix for value in row]
