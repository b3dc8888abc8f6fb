# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera of the single view that the panel's settings ask for, and its diagram."""

from __future__ import annotations

import bpy
from mathutils import Matrix, Vector

from ...engine import camera
from . import ImportOptions
from .placement import new_frame

Pose = tuple[float, float, float]
MIN_SLOPE = 0.1
"""Sine of the smallest angle between a line of sight and a plane that it is taken to meet: below
about 6 degrees, the place where they meet moves too far with the pointer."""


def frame(scene: bpy.types.Scene) -> Matrix:
    """The matrix from the engine's world to where the view will be imported."""
    return new_frame(scene, ImportOptions.of(scene.zero123))


def single_pose(scene: bpy.types.Scene) -> Pose:
    """Azimuth and elevation in degrees and radius of the view that the settings ask for."""
    settings = scene.zero123
    if settings.like_input:
        return settings.azimuth, settings.input_elevation, settings.input_radius
    return settings.azimuth, settings.elevation, settings.radius


def camera_location(scene: bpy.types.Scene) -> Vector:
    """Position of that view's camera in the scene's world."""
    return frame(scene) @ Vector(camera.camera_position(*single_pose(scene)))


def below_pointer(scene: bpy.types.Scene, place: Vector, sight: Vector) -> Vector:
    """Where the line of sight through a place meets the plane of the circle of cameras.

    A handle is dragged parallel to the screen, but the pointer is over another place of the circle
    unless the view is from above. `place`: in the scene's world; `sight`: direction of the line. If
    the elevation is free or the view is along the plane, the place itself is returned.
    """
    normal = frame(scene).to_3x3() @ Vector((0, 0, 1))
    slope = sight.normalized().dot(normal.normalized())
    if not scene.zero123.like_input or abs(slope) < MIN_SLOPE:
        return place
    return place + sight * ((camera_location(scene) - place).dot(normal) / sight.dot(normal))


def look_from(scene: bpy.types.Scene, location: Vector) -> None:
    """Set the view's direction by a position in the scene's world.

    The distance stays as it is, and so does the elevation if it follows the input image's.
    """
    settings = scene.zero123
    place = frame(scene).inverted() @ Vector(location)
    if place.length < 1e-4:
        return
    azimuth, elevation, _ = (float(value[0])
                             for value in camera.spherical_from_position([place]))
    settings.azimuth = 180.0 - (180.0 - azimuth) % 360.0
    if not settings.like_input:
        settings.elevation = elevation


def diagram(pose: Pose) -> list[tuple[float, float, float]]:
    """Ends of line segments in the engine's world, in pairs.

    They form the circle of this elevation, the line to the object, and a mark at the azimuth of the
    input image's camera.
    """
    import numpy as np

    azimuth, elevation, radius = pose
    ring = camera.camera_position(np.linspace(0, 360, 65), elevation, radius)
    circle = np.stack([ring[:-1], ring[1:]], axis=1).reshape(-1, 3)
    spokes = [(0, 0, 0), camera.camera_position(azimuth, elevation, radius),
              camera.camera_position(0, elevation, 0.95 * radius),
              camera.camera_position(0, elevation, 1.05 * radius)]
    return [(float(x), float(y), float(z)) for x, y, z in (*circle, *spokes)]
