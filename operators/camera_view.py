# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that generates a view of the object at a camera of the scene."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty
from mathutils import Matrix

from ..engine.camera import FOV_DEG
from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import ViewsRequest
from .generate import ImageJob
from .scene import Place, Record, frames
from .scene.destination import MAX_TITLE
from .scene.placement import TURN
from .scene.sources import source_of
from .session.launch import launch
from .session.messages import unless
from .session.request_properties import job_properties, request_fields, request_values

KNOWN_RADII = (1.5, 2.2)
"""Smallest and largest distance of the training cameras, in the engine's units."""
RADII = (0.5, 10.0)
"""Smallest and largest distance of a request, in the engine's units."""
MAX_OFF_AXIS_DEG = FOV_DEG / 2
"""Beyond this angle the object's centre is outside the image."""
_OPTIONS = {'SKIP_SAVE'}
_POSE = ("azimuth", "elevation", "radius", "orbit")


class ZERO123_OT_view_from_camera(ImageJob):
    """Generate a view as a camera of the scene sees the object, on a plane at that camera"""

    bl_idname = "zero123.view_from_camera"
    bl_label = "View from Camera"
    REQUEST = ViewsRequest
    SKIP = _POSE
    __annotations__ = {
        **job_properties(ViewsRequest, _POSE),
        "camera": StringProperty(
            name="Camera", options=_OPTIONS,
            description="Name of the camera; empty uses the active object, else the scene's "
                        "camera"),
        "around": StringProperty(
            name="Around", options=_OPTIONS,
            description="Name of an object of the result to look at; empty uses the selected "
                        "one, else the newest result, else the world's origin"),
        "keep_distance": BoolProperty(
            name="Keep Distance", default=True, options=_OPTIONS,
            description="Generate the view from the camera's position; otherwise from its "
                        "direction at the input image's distance"),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if bpy.data.cameras else "Add a camera and point it at the object")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        try:
            image = context.scene.zero123.image
            found = find_result(context, self._camera(context), self.around, image)
        except EngineError:
            found = None  # `execute` reports it
        if found is None:
            return super().invoke(context, event)
        self.properties.around = found[1].name
        return self.execute(context)  # with the settings of the result, not with those of the tab

    def start(self, context: bpy.types.Context) -> None:
        context.view_layer.update()
        camera = self._camera(context)
        found = find_result(context, camera, self.around,
                            newest=not (self.image or self.filepath))
        frame = frames.result_frame(*found, but=camera) if found else TURN.copy()
        values = request_values(self, ViewsRequest, skip={"image", *_POSE})
        image, filepath, title = self.image, self.filepath, ""
        if found and not (image or filepath):
            values.update(self._as_the_result(found[0], values))
            source = source_of(found[0])
            image, filepath = source.image, source.filepath
            if source.prepared:
                values["framing"] = "keep"
            title = found[0].name.removeprefix("Zero123 ")
        values.update(self._pose(camera, frame, values["input_radius"]))
        launch(context, ViewsRequest, values, image, filepath, title,
               place=Place.at(frame, found[0].name if found else ""))

    def _camera(self, context: bpy.types.Context) -> bpy.types.Object:
        """The camera to use.

        Raises:
            EngineError: `BAD_INPUT` if there is none, or it is not a perspective camera.
        """
        active = context.view_layer.objects.active
        camera = context.scene.objects.get(self.camera) if self.camera else (
            active if active is not None and active.type == 'CAMERA' else context.scene.camera)
        if camera is None or camera.type != 'CAMERA':
            problem = f"there is no camera named {self.camera!r}" if self.camera else (
                "no camera is chosen")
            raise EngineError(ErrorCode.BAD_INPUT, problem, "select a camera of this scene")
        if camera.data.type != 'PERSP':
            raise EngineError(ErrorCode.BAD_INPUT, f"{camera.name} is not a perspective camera",
                              "views can only be made in perspective")
        return camera

    def _as_the_result(self, group: bpy.types.Collection, values: dict[str, Any]) -> dict[str, Any]:
        """The settings that a result was made with, except those that the caller has set."""
        records = [record for item in group.objects if (record := Record.read(item))]
        made = next((record.request for record in records if record.request), {})
        source = frames.input_record(group)
        if not made:
            made = {"model": records[0].model or values["model"], "seed": records[0].seed}
            if source:
                made["input_elevation"] = source.view["elevation_deg"]
                made["input_radius"] = source.view["radius"]
        known = set(request_fields(ViewsRequest, skip={"image", "out", "samples", *_POSE}))
        return {name: value for name, value in made.items()
                if name in known and not self.properties.is_property_set(name)}

    def _pose(self, camera: bpy.types.Object, frame: Matrix, usual: float) -> dict[str, Any]:
        """The request's fields for the camera's pose. Reports the differences from the camera.

        Raises:
            EngineError: `BAD_INPUT` if no view can be generated from there.
        """
        try:
            pose = frames.camera_pose(frame, camera.matrix_world)
        except ValueError as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"{camera.name} is at the object's centre",
                              "move it away, so that it sees the object") from error
        if pose.off_axis_deg > MAX_OFF_AXIS_DEG:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                f"{camera.name} points away from the object, by {pose.off_axis_deg:.0f} degrees",
                "turn it to the object's centre, with a Track To constraint for example")
        radius = pose.radius if self.keep_distance else usual
        if not RADII[0] <= radius <= RADII[1]:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                f"{camera.name} is {radius:.2f} times the object's size away from its centre",
                f"the network was trained on {KNOWN_RADII[0]:g} to {KNOWN_RADII[1]:g}: move the "
                "camera, or switch Keep Distance off")
        differences = _differences(pose.off_axis_deg, math.degrees(camera.data.angle), radius)
        if differences:
            self.report({'WARNING'}, f"{camera.name}: {'; '.join(differences)}")
        # Matrices hold six digits.
        return {"azimuth": [round(pose.azimuth_deg, 3)],
                "elevation": [round(pose.elevation_deg, 3)], "radius": [round(radius, 5)]}


def find_result(context: bpy.types.Context, camera: bpy.types.Object, around: str = "",
                image: bpy.types.Image | None = None, newest: bool = True,
                ) -> tuple[bpy.types.Collection, bpy.types.Object] | None:
    """The result that a camera looks at, and the object that identified it.

    It is the result of the object `around`, else of a selected object, else of the camera; else, if
    `newest`, the newest result, or the newest of `image`.

    Raises:
        EngineError: `BAD_INPUT` if the named object belongs to none.
    """
    if around:
        named = context.scene.objects.get(around)
        if named is None or not (group := frames.result_collection(named)):
            raise EngineError(ErrorCode.BAD_INPUT, f"{around!r} was not made by Zero123",
                              "name a plane, camera or mesh of a result")
        return group, named
    active = context.view_layer.objects.active
    for item in (active, *context.selected_objects, camera):
        if item is not None and (group := frames.result_collection(item)):
            return group, item
    groups = (group for group in frames.results(context.scene)
              if newest and (image is None or _is_of(group, image)))
    # Preferably not a mesh: `result_frame` would use its position, and it may have been moved.
    return next(((group, min(group.objects, key=frames.is_mesh)) for group in groups), None)


def _is_of(group: bpy.types.Collection, image: bpy.types.Image) -> bool:
    """Whether a result has the name of an image."""
    return group.name.startswith(f"Zero123 {Path(image.name).stem[:MAX_TITLE]}")


def _differences(off_axis_deg: float, fov_deg: float, radius: float) -> list[str]:
    """The differences between the view and the image that the camera sees."""
    found = []
    if off_axis_deg > 1.0:
        found.append(f"the view looks at the object's centre, which is {off_axis_deg:.0f} degrees "
                     "off this camera's")
    if abs(fov_deg - FOV_DEG) > 1.0:
        found.append(f"the view has a field of view of {FOV_DEG:.1f} degrees, not {fov_deg:.1f}")
    if not KNOWN_RADII[0] <= radius <= KNOWN_RADII[1]:
        found.append(f"the network was trained on distances of {KNOWN_RADII[0]:g} to "
                     f"{KNOWN_RADII[1]:g}, this one is {radius:.2f}")
    return found


CLASSES = (ZERO123_OT_view_from_camera,)
