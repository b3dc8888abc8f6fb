# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gizmo in the 3D View that shows the camera of a single view; its handle can be dragged."""

from typing import Any

import bpy
from mathutils import Vector

from ..operators.scene import orbit

_COLOR = (1.0, 0.6, 0.15)


def _drag(place: tuple[float, float, float]) -> None:
    scene, view, spot = bpy.context.scene, bpy.context.region_data, Vector(place)
    if view:
        camera = view.view_matrix.inverted()
        sight = spot - camera.translation if view.is_perspective else -camera.col[2].xyz
        spot = orbit.below_pointer(scene, spot, sight)
    orbit.look_from(scene, spot)
    if bpy.context.area:
        bpy.context.area.tag_redraw()  # the panel shows the values


class ZERO123_GT_orbit(bpy.types.Gizmo):
    """The circle of cameras with the view's elevation, and a line from its camera to the object."""

    bl_idname = "ZERO123_GT_orbit"
    __slots__ = ("pose", "shape")

    def setup(self) -> None:
        self.pose: Any = None
        self.shape: Any = None

    def draw(self, context: bpy.types.Context) -> None:
        pose = orbit.single_pose(context.scene)
        if pose != self.pose:
            self.pose = pose
            self.shape = self.new_custom_shape('LINES', orbit.diagram(pose))
        self.draw_custom_shape(self.shape, matrix=orbit.frame(context.scene))


class ZERO123_GGT_orbit(bpy.types.GizmoGroup):
    bl_idname = "ZERO123_GGT_orbit"
    bl_label = "Zero123 Single View"
    bl_space_type = 'VIEW_3D'
    bl_region_type = 'WINDOW'
    bl_options = {'3D', 'PERSISTENT', 'SHOW_MODAL_ALL'}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        settings = context.scene.zero123
        return settings.mode == 'SINGLE' and settings.show_orbit and context.mode == 'OBJECT'

    def setup(self, context: bpy.types.Context) -> None:
        lines = self.gizmos.new("ZERO123_GT_orbit")
        lines.hide_select = True
        handle = self.gizmos.new("GIZMO_GT_move_3d")
        handle.draw_style, handle.draw_options = 'RING_2D', {'FILL', 'ALIGN_VIEW'}
        handle.scale_basis = 0.12
        # Look the scene up at every call: the user may have switched scenes.
        handle.target_set_handler(
            "offset", get=lambda: orbit.camera_location(bpy.context.scene),
            set=_drag)
        for gizmo in (lines, handle):
            gizmo.color, gizmo.alpha = _COLOR, 0.8
            gizmo.color_highlight, gizmo.alpha_highlight = (1.0, 1.0, 1.0), 1.0


CLASSES = (ZERO123_GT_orbit, ZERO123_GGT_orbit)
