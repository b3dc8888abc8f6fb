# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the demo's sample picture, a toy truck: `python render_sample.py OUT.png`.

Camera as in training: the object's longest side is 1, elevation 20 degrees, radius 1.85, 49.13
degrees field of view; transparent film.
"""

from __future__ import annotations

import sys
from math import radians

import bpy
from mathutils import Euler, Vector

ELEVATION_DEG, RADIUS = 20.0, 1.85
RED, BLUE, YELLOW = (0.6, 0.04, 0.03), (0.03, 0.12, 0.5), (0.85, 0.5, 0.04)
BLACK, GLASS = (0.02, 0.02, 0.02), (0.35, 0.6, 0.75)


def box(centre: tuple, size: tuple, colour: tuple, rounding: float) -> None:
    """A box with rounded edges; the truck drives along +X, where the camera stands."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=centre, scale=size)
    bpy.ops.object.transform_apply(location=False, scale=True)
    finish(colour, rounding)


def wheel(x: float, side: int) -> None:
    """A wheel and its hub."""
    for radius, y, colour in ((0.13, 0.21, BLACK), (0.06, 0.225, YELLOW)):
        bpy.ops.mesh.primitive_cylinder_add(radius=radius, depth=0.1, location=(x, side * y, -0.23),
                                            rotation=(radians(90), 0, 0))
        finish(colour, 0.015)


def finish(colour: tuple, rounding: float) -> None:
    """Round the active object's edges and paint it."""
    thing = bpy.context.object
    bevel = thing.modifiers.new("Bevel", "BEVEL")
    bevel.width, bevel.segments = rounding, 4
    material = bpy.data.materials.new("Colour")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = 0.7
    thing.data.materials.append(material)


def truck() -> None:
    box((0, 0, -0.2), (0.98, 0.36, 0.1), YELLOW, 0.03)
    box((-0.14, 0, 0.1), (0.68, 0.5, 0.5), BLUE, 0.04)
    box((0.36, 0, 0.04), (0.26, 0.46, 0.4), RED, 0.06)
    box((0.485, 0, 0.12), (0.02, 0.36, 0.14), GLASS, 0.01)
    for side in (-1, 1):
        box((0.485, side * 0.15, -0.09), (0.03, 0.08, 0.08), YELLOW, 0.03)
        for x in (-0.28, 0.3):
            wheel(x, side)


def main(out: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    truck()
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens, camera.data.sensor_width = 35, 32
    # Turned by 35 degrees, so that the picture shows a side, too.
    position = Vector((RADIUS, 0, 0))
    position.rotate(Euler((0, -radians(ELEVATION_DEG), radians(35))))
    camera.location = position
    camera.rotation_euler = (-position).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera
    for location, energy in (((2, 2, 3), 220), ((2, -3, 1), 90)):
        light = bpy.data.objects.new("Light", bpy.data.lights.new("Light", "AREA"))
        light.data.energy, light.data.size = energy, 2
        light.location = location
        light.rotation_euler = (-Vector(location)).to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(light)
    world = bpy.data.worlds.new("World")
    world.color = (0.4, 0.4, 0.4)
    scene.world = world
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 64
    scene.render.film_transparent = True
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = out
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main(sys.argv[-1])
