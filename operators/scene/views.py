# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views in the scene: each has a camera, and its image on a plane that fills the camera's frame."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.files import UNREADABLE_JSON
from .placement import TURN

SCHEMA = "zero123.views/1"
SENSOR_MM = 32.0
"""Side of the square sensor. With a 35 mm lens it has the training cameras' field of view, 49.13
degrees."""
PLANE_DISTANCE = 0.25
"""Distance of a plane from its camera, as a part of the camera's distance from the object.

So close to their cameras the planes form a ring around the object, and intersect neither it nor
each other."""
INPUT_DISTANCE = 0.2
"""The same for the input image, so that it does not coincide with a view of the same pose."""

SHEET_LEFT = 3.0
"""Position of a contact sheet's first column, in the engine's units: beside all cameras."""
CELL = 1.1
"""Distance between the centres of the images of a contact sheet, which are 1 wide."""


@dataclass(frozen=True)
class View:
    """An image and its camera."""

    file: Path
    label: str
    camera_to_world: Matrix
    """4 x 4, camera axes as Blender's: X right, Y up, looking along -Z."""
    fov_deg: float
    radius: float
    facts: dict[str, Any]
    """The view's entry of views.json."""


def read_views(path: Path) -> tuple[list[View], dict[str, Any]]:
    """The views that a views.json lists, and the whole document.

    Raises:
        EngineError: `BAD_INPUT` if the file is missing, damaged or of another schema, or an image
            is missing or lies outside the folder.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        views = [_view(path.parent, index, facts) for index, facts in enumerate(document["views"])]
    except UNREADABLE_JSON as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't read the views in {path}: {error}",
                          "choose a views.json that Zero123 has written") from error
    return views, document


def _view(folder: Path, index: int, facts: dict[str, Any]) -> View:
    """One entry of views.json."""
    file = folder / facts["file"]
    if file.resolve().parent != folder.resolve():
        raise ValueError(f"{facts['file']!r} is outside the folder")
    if not file.is_file():
        raise ValueError(f"{facts['file']} is missing")
    angles = angles_text(facts["azimuth_deg"], facts["elevation_deg"])
    matrix = Matrix(facts["camera_to_world"])
    if len(matrix.row) != 4 or not all(math.isfinite(value) for row in matrix for value in row):
        raise ValueError(f"the camera of {facts['file']} is not a 4 x 4 matrix")
    fov_deg = float(facts["fov_deg"])
    if not 1.0 <= fov_deg <= 170.0:
        raise ValueError(f"the field of view of {facts['file']} is {fov_deg}")
    if not all(math.isfinite(value) for value in pose_of(facts)):
        raise ValueError(f"the camera pose of {facts['file']} is not finite")
    return View(file, f"View {index:03d} ({angles})", matrix, fov_deg,
                float(facts["radius"]), dict(facts))


def pose_of(facts: dict[str, Any]) -> tuple[float, float, float]:
    """Azimuth and elevation in degrees and radius of an entry of views.json, to compare."""
    azimuth, elevation, radius = (
        round(float(facts[name]), 4) for name in ("azimuth_deg", "elevation_deg", "radius"))
    return azimuth, elevation, radius


def angles_text(azimuth_deg: float, elevation_deg: float) -> str:
    """The angles as text for the user: "90°, 19.5°"."""
    return f"{round(azimuth_deg, 1):g}°, {round(elevation_deg, 1):g}°"


def add_view(collection: bpy.types.Collection, view: View, distance: float,
             kind: str) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Add a camera, and the image's plane as its child. Returns (plane, camera).

    `distance` is that of the plane from the camera, as a part of the view's radius; `kind` is
    'EMPTY' for an image empty or 'MESH' for a mesh plane.
    """
    image = load_image(view.file)
    camera = new_camera(view, distance)
    collection.objects.link(camera)
    depth = distance * view.radius
    plane = add_plane(collection, view.label, image, frame_size(view.fov_deg, depth), kind)
    plane.parent = camera
    # Relative to the camera: the frame's centre at this depth.
    plane.matrix_local = Matrix.Translation((0.0, 0.0, -depth))
    return plane, camera


def add_plane(collection: bpy.types.Collection, name: str, image: bpy.types.Image, size: float,
              kind: str) -> bpy.types.Object:
    """Add an image as an image empty ('EMPTY') or a textured rectangle ('MESH') at the origin."""
    make = _image_empty if kind == 'EMPTY' else _mesh_plane
    plane = make(name, image, size)
    collection.objects.link(plane)
    return plane


def arrange_sheet(planes: list[list[bpy.types.Object]]) -> None:
    """Place planes beside the object, in rows, facing in the direction of its front.

    Each list contains the samples of one view, which share a cell of the sheet.
    """
    columns = math.ceil(math.sqrt(len(planes)))
    upright = Matrix.Rotation(math.pi / 2, 4, 'X')
    rows = math.ceil(len(planes) / columns)
    for number, samples in enumerate(planes):
        row, column = divmod(number, columns)
        cell = Vector((SHEET_LEFT + CELL * column, 0.0, CELL * (rows - 1 - row)))
        for plane in samples:
            side = plane.empty_display_size if plane.type == 'EMPTY' else _width(plane)
            plane.parent = None
            plane.matrix_world = (TURN.inverted() @ Matrix.Translation(cell) @ upright
                                  @ Matrix.Scale(1 / side, 4))


def _width(plane: bpy.types.Object) -> float:
    return max(corner[0] for corner in plane.bound_box) * 2.0


def frame_size(fov_deg: float, depth: float) -> float:
    """Side of the square that fills the frame at a distance from the camera."""
    return 2.0 * depth * math.tan(math.radians(fov_deg) / 2.0)


def load_image(path: Path) -> bpy.types.Image:
    """Load an image and pack it, so that a .blend file does not need the results folder.

    Raises:
        EngineError: `BAD_INPUT` if Blender can't read it.
    """
    with suppress(RuntimeError):  # a missing file; a damaged one gives an image without pixels
        image = bpy.data.images.load(str(path), check_existing=False)
        if image.size[0]:
            image.pack()
            return image
    raise EngineError(ErrorCode.BAD_INPUT, f"can't read the image {path}", "run the job again")


def new_camera(view: View, distance: float) -> bpy.types.Object:
    """The view's camera, in no collection yet. Its frame is drawn at the plane's distance."""
    data = bpy.data.cameras.new(view.label)
    data.sensor_width = data.sensor_height = SENSOR_MM
    # The images are square: in a wide render the whole height must be in the frame.
    data.sensor_fit = 'VERTICAL'
    data.lens = SENSOR_MM / 2.0 / math.tan(math.radians(view.fov_deg) / 2.0)
    # In the viewport a camera's frame is drawn with this width: here around the plane.
    data.display_size = frame_size(view.fov_deg, distance * view.radius)
    data.clip_start = 0.01
    camera = bpy.data.objects.new(f"{view.label} Camera", data)
    camera.matrix_world = view.camera_to_world
    return camera


def show_behind(data: bpy.types.Camera, image: bpy.types.Image,
                render: bpy.types.RenderSettings, alpha: float) -> None:
    """Show a square image in the frame of a camera, behind the scene.

    The frame has the shape of a render. The image fills its shorter side, as the camera's field of
    view does.
    """
    background = data.background_images.new()
    background.image = image
    background.alpha = alpha
    background.frame_method = 'FIT'
    data.show_background_images = True
    wide = render.resolution_x * render.pixel_aspect_x >= (
        render.resolution_y * render.pixel_aspect_y)
    data.sensor_fit = 'VERTICAL' if wide else 'HORIZONTAL'


def _image_empty(name: str, image: bpy.types.Image, size: float) -> bpy.types.Object:
    """An image empty, which viewports show in every shading mode and renders do not."""
    plane = bpy.data.objects.new(name, None)
    plane.empty_display_type = 'IMAGE'
    plane.data = image
    plane.empty_display_size = size
    plane.empty_image_offset = (-0.5, -0.5)
    plane.use_empty_image_alpha = True  # otherwise transparent areas are black
    return plane


def _mesh_plane(name: str, image: bpy.types.Image, size: float) -> bpy.types.Object:
    """A rectangle that shows the image in renders too, unlit and with its transparency."""
    width, height = image.size
    x, y = size / 2 * width / max(width, height), size / 2 * height / max(width, height)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    mesh.materials.append(_image_material(name, image))
    return bpy.data.objects.new(name, mesh)


def _image_material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    """A material that emits the image's colours, whatever the light.

    Renders show these colours under the view transform Standard. AgX and Filmic change emitted
    light like any other; compensating for one of them here would fail with the next one, and with
    any look or exposure.
    """
    material, shader, texture = textured_material(name, image)
    shader.inputs["Base Color"].default_value = (0, 0, 0, 1)
    shader.inputs["Specular IOR Level"].default_value = 0.0
    shader.inputs["Emission Strength"].default_value = 1.0
    links = material.node_tree.links
    links.new(texture.outputs["Color"], shader.inputs["Emission Color"])
    links.new(texture.outputs["Alpha"], shader.inputs["Alpha"])
    return material


def textured_material(name: str, image: bpy.types.Image) -> tuple[
        bpy.types.Material, bpy.types.ShaderNode, bpy.types.ShaderNodeTexImage]:
    """A new material, its Principled shader, and an image texture that is not linked yet."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # before 5.0 a material has nodes only if asked
        material.use_nodes = True
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    texture.location = (shader.location.x - 320, shader.location.y)
    tree.nodes.active = texture
    return material, shader, texture
