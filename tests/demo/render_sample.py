# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the demo's sample picture, an armchair made of boxes: `python render_sample.py OUT.png`.

Camera as in training: the object's longest side is 1, elevation 20 degrees, radius 1.85, 49.13
degrees field of view; transparent film.
"""

from __future__ import annotations

import sys
from math import radians

import bpy
from mathutils import Euler, Vector

ELEVATION_DEG, RADIUS = 20.0, 1.85
RED, WOOD, YELLOW = (0.55, 0.05, 0.05), (0.25, 0.12, 0.05), (0.85, 0.55, 0.08)


def box(centre: tuple, size: tuple, colour: tuple, rounding: float) -> None:
    """A box with rounded edges; the chair looks along +X, where the camera stands."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=centre, scale=size)
    bpy.ops.object.transform_apply(location=False, scale=True)
    thing = bpy.context.object
    bevel = thing.modifiers.new("Bevel", "BEVEL")
    bevel.width, bevel.segments = rounding, 4
    material = bpy.data.materials.new("Colour")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = 0.7
    thing.data.materials.append(material)


def armchair() -> None:
    box((0.02, 0, -0.14), (0.66, 0.70, 0.22), RED, 0.04)
    box((-0.27, 0, 0.12), (0.18, 0.78, 0.76), RED, 0.06)
    for side in (-1, 1):
        box((0.04, side * 0.36, -0.02), (0.70, 0.16, 0.40), RED, 0.05)
        for front in (-1, 1):
            box((0.02 + front * 0.27, side * 0.33, -0.37), (0.07, 0.07, 0.26), WOOD, 0.01)
    box((0.08, 0, 0.02), (0.52, 0.52, 0.12), YELLOW, 0.05)


def main(out: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armchair()
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
