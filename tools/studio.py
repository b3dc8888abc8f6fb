# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Product pictures of reconstructed meshes: soft light, a floor with shadows, Cycles on the CPU.

`python tools/studio.py OUT.png IMAGE MESH.glb [IMAGE MESH.glb ...]` writes a sheet with one row for
each pair: the input image, then the mesh from the front, right, back and left. Needs Blender as a
module and Pillow.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from mathutils import Vector
from PIL import Image

if TYPE_CHECKING:
    from bpy.types import Object

TURNS_DEG = (0.0, 90.0, 180.0, 270.0)
"""Turns of the mesh about Z that bring its front, right, back and left to the camera."""
DISTANCE = 7.0
"""Distance of the camera to the objects, in units of an object's longest side. The camera is
orthographic: the distance only has to clear the objects."""


@dataclass(frozen=True)
class Look:
    """The presentation of a row of objects."""

    height: int = 400
    """Height of a row in pixels; every object gets a square of this size."""
    samples: int = 24
    """Cycles samples for each pixel, denoised afterwards."""
    camera_elevation_deg: float = 18.0
    """Height of the camera above the horizon, in degrees."""
    spacing: float = 1.45
    """Distance between neighbouring objects, in units of an object's longest side."""


def build_studio(look: Look, columns: int) -> None:
    """An empty scene with a floor, three soft lamps and a camera that sees `columns` objects."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Studio")
    scene.world.use_nodes = True
    background = next(n for n in scene.world.node_tree.nodes if n.type == 'BACKGROUND')
    background.inputs[0].default_value = (0.92, 0.94, 1.0, 1.0)
    background.inputs[1].default_value = 0.55
    add_floor()
    add_lamp("Key", (-4.0, -5.0, 6.0), energy=620.0, size=4.0)
    add_lamp("Fill", (5.0, -4.0, 3.5), energy=180.0, size=5.0)
    add_lamp("Rim", (1.5, 6.0, 5.0), energy=320.0, size=4.0)
    add_camera(look, columns)
    scene.render.engine = 'CYCLES'
    scene.cycles.samples = look.samples
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 4
    scene.render.resolution_x, scene.render.resolution_y = look.height * columns, look.height
    scene.view_settings.view_transform = 'Standard'


def add_floor() -> None:
    """A large matt floor at z = 0, light grey, which also closes the horizon."""
    bpy.ops.mesh.primitive_plane_add(size=80.0)
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == 'BSDF_PRINCIPLED')
    shader.inputs["Base Color"].default_value = (0.82, 0.82, 0.83, 1.0)
    shader.inputs["Roughness"].default_value = 1.0
    bpy.context.object.data.materials.append(material)


def add_lamp(name: str, position: tuple[float, float, float], energy: float, size: float) -> None:
    """A square area lamp that looks at the origin. `energy` in watts, `size` in scene units."""
    lamp = bpy.data.objects.new(name, bpy.data.lights.new(name, 'AREA'))
    lamp.data.energy, lamp.data.size = energy, size
    look_at(lamp, Vector(position), Vector((0.0, 0.0, 0.4)))
    bpy.context.scene.collection.objects.link(lamp)


def add_camera(look: Look, columns: int) -> None:
    """A camera far enough away that all columns are seen at nearly the same angle."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type = 'ORTHO'
    camera.data.ortho_scale = look.spacing * columns
    elevation = radians(look.camera_elevation_deg)
    target = Vector((0.0, 0.0, 0.46))
    offset = DISTANCE * Vector((0.0, -cos(elevation), sin(elevation)))
    look_at(camera, target + offset, target)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera


def look_at(thing: Object, position: Vector, target: Vector) -> None:
    """Move a lamp or camera and turn its -Z axis towards `target`, with Y up."""
    thing.location = position
    thing.rotation_euler = (target - position).to_track_quat('-Z', 'Y').to_euler()


def add_mesh(path: Path, x: float, turn_deg: float) -> None:
    """A GLB on the floor at `x`, its longest side scaled to 1, turned about Z."""
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(path))
    parts = [thing for thing in set(bpy.data.objects) - before if thing.type == 'MESH']
    turntable = bpy.data.objects.new("Turntable", None)
    bpy.context.scene.collection.objects.link(turntable)
    bpy.context.view_layer.update()
    corners = [part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box]
    low = Vector(map(min, *corners))
    high = Vector(map(max, *corners))
    centre, scale = (low + high) / 2, 1.0 / max(high - low)
    for part in parts:
        part.matrix_world.translation -= Vector((centre.x, centre.y, low.z))
        part.parent = turntable
    turntable.location.x, turntable.scale = x, (scale,) * 3
    turntable.rotation_euler.z = radians(-turn_deg)


def render_row(image: Path, mesh: Path, look: Look, scratch: Path) -> Image.Image:
    """The input image beside the mesh from four sides, as one image."""
    columns = len(TURNS_DEG)
    build_studio(look, columns)
    for column, turn in enumerate(TURNS_DEG):
        add_mesh(mesh, (column - (columns - 1) / 2) * look.spacing, turn)
    rendered = scratch / "row.png"
    bpy.context.scene.render.filepath = str(rendered)
    bpy.ops.render.render(write_still=True)
    row = Image.new("RGB", (look.height * (columns + 1), look.height), "white")
    row.paste(input_card(image, look.height), (0, 0))
    with Image.open(rendered) as picture:
        row.paste(picture.convert("RGB"), (look.height, 0))
    return row


def input_card(image: Path, size: int) -> Image.Image:
    """The object of the input image, centred on a white square with a margin."""
    card = Image.new("RGB", (size, size), "white")
    with Image.open(image) as opened:
        picture = opened.convert("RGBA")
    picture = picture.crop(picture.getchannel("A").getbbox())
    picture.thumbnail((round(size * 0.86),) * 2, Image.Resampling.LANCZOS)
    card.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2), picture)
    return card


def strip_of(images: list[Path], width: int) -> Image.Image:
    """Images side by side on white, each a square, together `width` pixels wide."""
    size = width // len(images)
    strip = Image.new("RGB", (width, size), "white")
    for index, image in enumerate(images):
        strip.paste(input_card(image, size), (index * size, 0))
    return strip


def save_sheet(rows: list[Image.Image], out: Path) -> None:
    """Write rows of equal width, one below the other, as one PNG."""
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    temporary = out.with_name(out.name + ".part")
    sheet.save(temporary, "PNG", optimize=True)
    temporary.replace(out)


def render_rows(pairs: list[tuple[Path, Path]], look: Look | None = None) -> list[Image.Image]:
    """A row for each (image, mesh) pair."""
    look = look or Look()
    with tempfile.TemporaryDirectory() as scratch:
        return [render_row(image, mesh, look, Path(scratch)) for image, mesh in pairs]


if __name__ == "__main__":
    files = [Path(argument) for argument in sys.argv[2:]]
    if len(sys.argv) < 4 or len(files) % 2:
        sys.exit(__doc__)
    save_sheet(render_rows(list(zip(files[::2], files[1::2], strict=True))), Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # Blender as a module may crash when Python unloads it
