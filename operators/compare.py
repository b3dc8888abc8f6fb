# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that shows the input image over the mesh from the image's viewpoint."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, StringProperty
from mathutils import Quaternion, Vector

from ..engine.core.errors import EngineError, ErrorCode
from .scene import comparison as comparing
from .scene import frames, viewport
from .scene.images import image_of
from .session.messages import LEAVE_MODE, report_errors, unless

_OPTIONS = {'SKIP_SAVE'}
_SHADING = ("type", "light", "color_type")
_LOOK = ("view_distance", "view_camera_zoom")
_VECTORS = {"view_location": Vector, "view_rotation": Quaternion, "view_camera_offset": tuple}


class ZERO123_OT_compare(bpy.types.Operator):
    """Show the input image over the mesh, seen from the input camera, or return to the last view"""

    bl_idname = "zero123.compare"
    bl_label = "Compare with Image"
    bl_options = {'REGISTER', 'UNDO'}
    __annotations__ = {
        "mode": EnumProperty(
            name="Mode", default='TOGGLE', options=_OPTIONS,
            items=[('TOGGLE', "Toggle", "Start or stop comparing"),
                   ('ON', "On", "Start comparing"), ('OFF', "Off", "Stop comparing")]),
        "mesh": StringProperty(
            name="Mesh", options=_OPTIONS,
            description="Name of the mesh; empty uses that of the active or the newest result"),
        "alpha": FloatProperty(
            name="Opacity", default=0.5, min=0.0, max=1.0, subtype='FACTOR', options=_OPTIONS,
            description="Opacity of the input image over the mesh"),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, LEAVE_MODE if context.mode != 'OBJECT' else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        camera = comparing.comparison(context.scene)
        if self.mode == ('ON' if camera else 'OFF'):
            return {'CANCELLED'}
        found = viewport.find_view(context)  # none in a script without a window
        space = found[0].spaces.active if found else None
        if camera is not None:
            before = comparing.stop(context.scene, camera)
            if space is not None and before:
                _restore(space, before)
            _last.clear()
            return {'FINISHED'}
        mesh, group = self._mesh(context)
        context.view_layer.update()
        before = _before(space) if space else {}
        comparing.start(context.scene, group, mesh, self.alpha, before)
        _last.update(before)
        if space is not None:
            _look_through_camera(space, textured=image_of(mesh) is not None)
        return {'FINISHED'}

    def _mesh(self, context: bpy.types.Context) -> tuple[bpy.types.Object, bpy.types.Collection]:
        """The mesh to compare, and its collection.

        Raises:
            EngineError: `BAD_INPUT` if there is none.
        """
        named = context.scene.objects.get(self.mesh) if self.mesh else None
        for item in (named,) if self.mesh else (context.active_object, *context.selected_objects):
            group = frames.result_collection(item) if item is not None else None
            if item is not None and group and (mesh := frames.result_mesh(group)):
                return (item if frames.is_mesh(item) else mesh), group
        for group in frames.results(context.scene) if not self.mesh else ():
            if mesh := frames.result_mesh(group):
                return mesh, group
        raise EngineError(ErrorCode.BAD_INPUT, "the scene contains no mesh of Zero123 to compare",
                          "reconstruct one, or import it")


_last: dict[str, Any] = {}
"""State of the 3D View before a comparison that is in progress, or whose start was undone."""


def _before(space: bpy.types.SpaceView3D) -> dict[str, Any]:
    """The state of a 3D View, or its state before a comparison that it still shows.

    Undo restores the scene, but not the 3D View.
    """
    still_shown = space.region_3d.view_perspective == 'CAMERA' and space.shading.light == 'FLAT'
    return dict(_last) if _last and still_shown else _state(space)


def _state(space: bpy.types.SpaceView3D) -> dict[str, Any]:
    """The state of a 3D View as JSON values."""
    region = space.region_3d
    return {
        "perspective": region.view_perspective, "overlays": space.overlay.show_overlays,
        "local_camera": space.use_local_camera,
        "shading": {name: getattr(space.shading, name) for name in _SHADING},
        "look": {name: getattr(region, name) for name in _LOOK},
        "vectors": {name: [*getattr(region, name)] for name in _VECTORS}}


def _restore(space: bpy.types.SpaceView3D, state: dict[str, Any]) -> None:
    """Restore the state of a 3D View."""
    region = space.region_3d
    for name, value in state["shading"].items():
        setattr(space.shading, name, value)
    space.overlay.show_overlays = state["overlays"]
    space.use_local_camera = state["local_camera"]
    region.view_perspective = state["perspective"]
    for name, value in state["look"].items():
        setattr(region, name, value)
    for name, value in state["vectors"].items():
        setattr(region, name, _VECTORS[name](value))


def _look_through_camera(space: bpy.types.SpaceView3D, textured: bool) -> None:
    """Look through the scene's camera at the mesh in its own colours, without lighting."""
    space.use_local_camera = False
    space.region_3d.view_perspective = 'CAMERA'
    space.region_3d.view_camera_offset = (0.0, 0.0)
    space.overlay.show_overlays = True  # a camera's background image is one of them
    space.shading.type = 'SOLID'
    space.shading.light = 'FLAT'
    space.shading.color_type = 'TEXTURE' if textured else 'VERTEX'


CLASSES = (ZERO123_OT_compare,)
