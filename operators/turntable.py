# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that show an orbit of views as a turntable."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from .scene import frames, turntable
from .scene.import_result import add_turning_plane
from .scene.options import PATH_OPTIONS
from .scene.result_files import title_of, views_file
from .scene.translation import CONTEXT
from .scene.views import frame_size
from .session import session
from .session.messages import LEAVE_MODE, report_errors, unless
from .session.view_selection import SelectableView, read_selectable_views

MIN_VIEWS = 3
_OPTIONS = {'SKIP_SAVE'}


class _Turn(bpy.types.Operator):
    """The common part of both operators: which views they show, in which order."""

    FILE = StringProperty(
        name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
        description="A views.json file of Zero123; empty uses the active object's, "
                    "else that of the listed views")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, LEAVE_MODE if context.mode != 'OBJECT' else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        path = self._path(context)
        self.act(context, path, ring(read_selectable_views(path)[0]))
        return {'FINISHED'}

    def act(self, context: bpy.types.Context, path: Path, views: list[SelectableView]) -> None:
        """Show the ring of views of a views.json, which are ordered by azimuth."""

    def _path(self, context: bpy.types.Context) -> Path:
        """The views.json of the file, of the active object or of the listed views.

        Raises:
            EngineError: `BAD_INPUT` if there is none.
        """
        path = Path(bpy.path.abspath(self.filepath)) if self.filepath else (
            views_file(context.active_object) or session.view_selection.path)
        if path is None:
            raise EngineError(ErrorCode.BAD_INPUT, "no views are chosen",
                              "select a plane, camera or mesh that Zero123 has made")
        return path


def ring(views: list[SelectableView]) -> list[SelectableView]:
    """The views in use of the most frequent elevation and distance, ordered by azimuth.

    Raises:
        EngineError: `BAD_INPUT` if they are fewer than `MIN_VIEWS`.
    """
    rings: dict[tuple[float, float], list[SelectableView]] = {}
    for view in views:
        if view.use:
            _, elevation, radius = view.pose
            rings.setdefault((round(elevation, 1), round(radius, 2)), []).append(view)
    largest = max(rings.values(), key=len, default=[])
    if len(largest) < MIN_VIEWS:
        raise EngineError(ErrorCode.BAD_INPUT,
                          f"a turntable needs {MIN_VIEWS} views of one elevation and distance",
                          "generate an orbit")
    return sorted(largest, key=lambda view: view.pose[0] % 360)


class ZERO123_OT_turntable(_Turn):
    """Show the orbit of views on one plane that turns as the timeline plays"""

    bl_idname = "zero123.turntable"
    bl_label = "Turntable"
    bl_options = {'REGISTER', 'UNDO'}
    __annotations__ = {
        "filepath": _Turn.FILE,
        "frames": IntProperty(
            name="Frames", default=96, min=3, max=9999, options=_OPTIONS,
            translation_context=CONTEXT,
            description="Frames of the timeline that one turn takes"),
        "planes": EnumProperty(
            name="Plane", default='EMPTY', options=_OPTIONS, translation_context=CONTEXT,
            items=[('EMPTY', "Reference Image", "Seen while modelling, never rendered"),
                   ('MESH', "Mesh Plane",
                    "Rendered too, unlit and with its transparency. The view transforms AgX and "
                    "Filmic change its colours, Standard does not")]),
    }

    def act(self, context: bpy.types.Context, path: Path, views: list[SelectableView]) -> None:
        active = context.active_object
        group = frames.result_collection(active) if (
            active is not None and views_file(active) == path) else None
        # A folder per length, so that another turntable does not remove the files of this one.
        folder = path.with_name(f"turntable-{self.frames}")
        first = turntable.write_frames([Path(view.sample.file) for view in views], folder,
                                       self.frames)
        facts = views[0].facts
        size = frame_size(float(facts["fov_deg"]), float(facts["radius"]))
        turn = turntable.Turn(first, self.frames, size, self.planes)
        add_turning_plane(path, context.scene, turn, group,
                          title_of(active) if group and active else "")


class ZERO123_OT_turntable_video(_Turn):
    """Write one turn of the orbit of views to a video file"""

    bl_idname = "zero123.turntable_video"
    bl_label = "Turntable Video"
    bl_options = {'REGISTER'}
    __annotations__ = {
        "filepath": _Turn.FILE,
        "out": StringProperty(
            name="Out", subtype='FILE_PATH', options=PATH_OPTIONS, translation_context=CONTEXT,
            description="The .mp4 file to write; empty uses turntable.mp4 beside the views"),
        "seconds": FloatProperty(
            name="Seconds", default=4.0, min=0.5, max=600.0, options=_OPTIONS,
            description="Duration of one turn"),
    }

    def act(self, context: bpy.types.Context, path: Path, views: list[SelectableView]) -> None:
        out = Path(bpy.path.abspath(self.out)) if self.out else path.with_name("turntable.mp4")
        turntable.write_video([Path(view.sample.file) for view in views], out, self.seconds)
        self.report({'INFO'}, rpt_("Wrote {}").format(out))


CLASSES = (ZERO123_OT_turntable, ZERO123_OT_turntable_video)
