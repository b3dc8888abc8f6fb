# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the demo's sample picture, a bottle of juice: `python render_sample.py OUT.png`.

Camera as in training: the object's longest side is 1, elevation 20 degrees, radius 1.85, 49.13
degrees field of view; transparent film.
"""

from __future__ import annotations

import sys
from math import radians

import bpy
from mathutils import Euler, Vector

ELEVATION_DEG, RADIUS = 20.0, 1.85
ORANGE, CREAM = (0.7, 0.15, 0.02), (0.7, 0.6, 0.4)
GREEN, RED = (0.03, 0.25, 0.06), (0.4, 0.02, 0.02)


def turned(bottom: float, top: float, radii: tuple[float, float], colour: tuple,
           rounding: float) -> None:
    """A cylinder or cone between two heights, with rounded edges."""
    bpy.ops.mesh.primitive_cone_add(vertices=64, radius1=radii[0], radius2=radii[1],
                                    depth=top - bottom, location=(0, 0, (top + bottom) / 2))
    finish(colour, rounding)


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


def bottle() -> None:
    turned(-0.5, 0.16, (0.24, 0.24), ORANGE, 0.04)
    turned(-0.34, 0.04, (0.245, 0.245), CREAM, 0.0)
    turned(-0.24, -0.06, (0.247, 0.247), GREEN, 0.0)
    turned(0.12, 0.36, (0.235, 0.09), ORANGE, 0.02)
    turned(0.34, 0.5, (0.11, 0.1), RED, 0.02)


def main(out: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bottle()
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
