# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the input image over the mesh through a camera at its viewpoint, and undoes that again.

The earlier state of the scene is stored as text on the camera that is made for the comparison, so
that it survives undo, saving and loading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from ...engine import camera as conventions
from ...engine.core.errors import EngineError, ErrorCode
from .frames import input_record, result_frame
from .images import image_of
from .record import Record
from .transaction import all_or_nothing
from .views import View, load_image, new_camera, show_behind

CAMERA = "Zero123 Compare"
KEY = "zero123_compare"
"""Property of that camera: the state of the scene before the comparison, as JSON."""


def comparison(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The camera of the comparison in progress, or None."""
    found = scene.objects.get(CAMERA)
    return found if found is not None and KEY in found else None


def start(scene: bpy.types.Scene, group: bpy.types.Collection, mesh: bpy.types.Object,
          alpha: float, screen: dict[str, Any]) -> bpy.types.Object:
    """Look through a new camera at the input image's viewpoint, with the image over the mesh.

    `alpha` is the image's opacity, 0 to 1. `screen` is the state of the 3D View, which is stored
    with that of the scene. Planes and cameras of views are hidden until `stop`.

    Raises:
        EngineError: `BAD_INPUT` if the image is missing; nothing has changed then.
    """
    with all_or_nothing(bpy.context.view_layer):
        image = _input_image(group, mesh)
        camera = new_camera(_input_view(group, mesh), 0.5)
        camera.name = CAMERA
        camera.matrix_world = result_frame(group, chosen=mesh) @ camera.matrix_world
        show_behind(camera.data, image, scene.render, alpha)
        camera.data.background_images[0].display_depth = 'FRONT'
        scene.collection.objects.link(camera)
    others = [item for item in bpy.context.view_layer.objects
              if (record := Record.read(item)) and record.view and not item.hide_get()]
    for item in others:
        item.hide_set(True)
    camera[KEY] = json.dumps({
        "camera": scene.camera.name if scene.camera else "",
        "hidden": [item.name for item in others], "screen": screen})
    scene.camera = camera
    return camera


def stop(scene: bpy.types.Scene, camera: bpy.types.Object) -> dict[str, Any]:
    """Remove the camera and restore all other objects. Returns the stored state of the 3D View."""
    before = json.loads(camera[KEY])
    data = camera.data
    image = data.background_images[0].image if data.background_images else None
    bpy.data.objects.remove(camera)
    bpy.data.cameras.remove(data)
    if image is not None and image.users == 0:
        bpy.data.images.remove(image)
    scene.camera = scene.objects.get(before["camera"])
    for name in before["hidden"]:
        if name in bpy.context.view_layer.objects:
            bpy.context.view_layer.objects[name].hide_set(False)
    return before["screen"]


def _input_view(group: bpy.types.Collection, mesh: bpy.types.Object) -> View:
    """The input image's camera, as recorded with the views or else in the mesh's request."""
    source, made = input_record(group), Record.read(mesh)
    request = made.request if made else {}
    given = request.get("input_elevation", 0.0)
    facts = source.view if source else {
        "elevation_deg": given if isinstance(given, (int, float)) else 0.0,
        "radius": request.get("input_radius", conventions.DEFAULT_RADIUS)}
    elevation, radius = float(facts["elevation_deg"]), float(facts["radius"])
    matrix = Matrix(conventions.camera_to_world(0.0, elevation, radius).tolist())
    return View(Path(), CAMERA, matrix, conventions.FOV_DEG, radius, {})


def _input_image(group: bpy.types.Collection, mesh: bpy.types.Object) -> bpy.types.Image:
    """The square input image of the network, from its plane or else from its file."""
    for item in group.objects:
        record = Record.read(item)
        image = image_of(item) if record and record.is_input and item.type != 'CAMERA' else None
        if image is not None:
            return image
    record = Record.read(mesh)
    folder = Path(record.files[0]).parent if record and record.files else Path()
    for file in (folder / "views" / "input.png", folder / "input.png"):
        if file.is_file():
            return load_image(file)
    raise EngineError(ErrorCode.BAD_INPUT, f"the input image of {mesh.name} is missing",
                      "import the views of the same image, or reconstruct again")
