# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a result (the engine's world in the scene) and the poses of cameras in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
from mathutils import Matrix

from ...engine import camera as conventions
from .placement import TURN, stored_frame
from .record import Record


@dataclass(frozen=True)
class CameraPose:
    """A camera's pose in the coordinates of the network."""

    azimuth_deg: float
    """Relative to the input view, above -180 to 180."""
    elevation_deg: float
    radius: float
    """In the engine's units: the object's longest side is about 1."""
    off_axis_deg: float
    """Angle between the camera's line of sight and the object's centre, 0 to 180."""


def camera_pose(frame: Matrix, camera_to_scene: Matrix) -> CameraPose:
    """The pose of a camera, given the matrix from the engine's world to the scene's.

    Raises:
        ValueError: The frame is flat, or the camera is at the object's centre.
    """
    matrix = frame.inverted() @ camera_to_scene
    position = matrix.translation
    if position.length < 1e-4:
        raise ValueError("the camera is at the object's centre")
    looks = -matrix.to_3x3().col[2]
    azimuth, elevation, radius = (
        float(value[0]) for value in conventions.spherical_from_position([position]))
    off_axis = math.degrees(looks.angle(-position))
    return CameraPose(180.0 - (180.0 - azimuth) % 360.0, elevation, radius, off_axis)


def result_collection(item: bpy.types.Object) -> bpy.types.Collection | None:
    """The collection of an object that belongs to a result; None for any other object."""
    if Record.read(item) is None:
        return None
    return next((group for group in item.users_collection if stored_frame(group)), None)


def results(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """The collections that hold results, the one that was added last first."""
    return [group for group in scene.collection.children_recursive
            if stored_frame(group) and any(map(Record.read, group.objects))][::-1]


def result_frame(collection: bpy.types.Collection, chosen: bpy.types.Object | None = None,
                 but: bpy.types.Object | None = None) -> Matrix:
    """The matrix from the engine's world to the scene's, as the result stands now.

    It follows from the chosen object if that is a mesh; else from most of the result's cameras, as
    single ones may have been moved; else from the mesh, or from what was stored at the import.
    `but` is a camera that is ignored.
    """
    meshes = [item for item in collection.objects if is_mesh(item)]
    if chosen is not None and chosen in meshes:
        return chosen.matrix_world @ TURN
    frames = [item.matrix_world @ matrix.inverted()
              for item, matrix in _cameras(collection) if item != but]
    if frames:
        return max(frames, key=lambda frame: sum(_close(frame, other) for other in frames))
    return meshes[0].matrix_world @ TURN if meshes else stored_frame(collection) or TURN.copy()


def input_record(collection: bpy.types.Collection) -> Record | None:
    """The record of the input image's plane and camera, or None if both were removed."""
    records = (Record.read(item) for item in collection.objects)
    return next((record for record in records if record and record.is_input), None)


def result_mesh(collection: bpy.types.Collection) -> bpy.types.Object | None:
    """A reconstructed mesh of the collection, if it has one."""
    return next((item for item in collection.objects if is_mesh(item)), None)


def is_mesh(item: bpy.types.Object) -> bool:
    """Whether an object is a reconstructed mesh, as opposed to a mesh plane."""
    record = Record.read(item)
    return item.type == 'MESH' and record is not None and not record.view


def _cameras(collection: bpy.types.Collection) -> Iterator[tuple[bpy.types.Object, Matrix]]:
    """The views' cameras, each with its matrix in the engine's world."""
    for item in collection.objects:
        record = Record.read(item)
        if item.type == 'CAMERA' and record and record.view:
            yield item, _engine_matrix(record)


def _engine_matrix(record: Record) -> Matrix:
    if "camera_to_world" in record.view:
        return Matrix(record.view["camera_to_world"])
    pose = (record.view[name] for name in ("azimuth_deg", "elevation_deg", "radius"))
    return Matrix(conventions.camera_to_world(*pose).tolist())


def _close(a: Matrix, b: Matrix) -> bool:
    import numpy as np

    return bool(np.allclose(np.array(a), np.array(b), atol=1e-3 * max(a.median_scale, 1e-6)))
