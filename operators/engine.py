# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that install, start, stop and check the engine."""

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from ..engine.core.errors import EngineError
from .scene.options import PATH_OPTIONS
from .session import preferences as addon
from .session import session
from .session.checklist import report_text
from .session.launch import start_engine
from .session.messages import INSTALLING, WAIT_FOR_JOBS, in_words, report_errors, unless
from .session.window import redraw_areas

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_engine_install(bpy.types.Operator):
    """Create a separate Python for the engine and download its libraries, which take gigabytes"""

    bl_idname = "zero123.engine_install"
    bl_label = "Install Zero123 Engine"

    python: StringProperty(  # type: ignore[valid-type]
        name="Python", subtype='FILE_PATH', options=PATH_OPTIONS,
        description="Python on which to build the engine's; empty uses Blender's")
    backend: StringProperty(  # type: ignore[valid-type]
        name="Backend", options=_OPTIONS,
        description="auto, cpu, cuda, rocm or mps; empty uses the preferences")
    wheels: StringProperty(  # type: ignore[valid-type]
        name="Wheels", subtype='DIR_PATH', options=PATH_OPTIONS,
        description="Folder of wheels to install from; empty uses the preferences")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, INSTALLING if session.installation.running else
                      WAIT_FOR_JOBS if session.jobs.active() else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        preferences = addon.preferences(context)
        wheels = bpy.path.abspath(self.wheels) or preferences.wheels_folder
        if not wheels and not bpy.app.online_access:
            self.report({'ERROR'}, rpt_("Enable Allow Online Access in the System preferences, or "
                                        "choose an offline bundle: a folder of wheels"))
            return {'CANCELLED'}
        session.runner.stop_engine()  # it may run from the folder that is about to be replaced
        session.runner.engine_error = None
        session.installation.start(addon.engine_folder(), bpy.path.abspath(self.python),
                                   self.backend or preferences.backend, wheels)
        session.timer.follow(session.installation.wait)
        return {'FINISHED'}


class ZERO123_OT_engine_install_cancel(bpy.types.Operator):
    """Cancel the installation; the next one resumes it, and an engine installed before is kept"""

    bl_idname = "zero123.engine_install_cancel"
    bl_label = "Cancel Zero123 Engine Installation"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if session.installation.running else "Nothing is being installed")

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.installation.cancel()
        redraw_areas()
        return {'FINISHED'}


class ZERO123_OT_engine_start(bpy.types.Operator):
    """Start the engine now, so that the first job starts sooner"""

    bl_idname = "zero123.engine_start"
    bl_label = "Start Zero123 Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "The engine is running" if session.runner.engine_running else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            start_engine(context)
        finally:
            redraw_areas()
        return {'FINISHED'}


def _engine_runs(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    return unless(cls, "" if session.runner.engine_running else "The engine is not running")


class ZERO123_OT_engine_stop(bpy.types.Operator):
    """Stop the engine and its jobs, and release its memory"""

    bl_idname = "zero123.engine_stop"
    bl_label = "Stop Zero123 Engine"
    poll = classmethod(_engine_runs)

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.runner.stop_engine()
        redraw_areas()
        return {'FINISHED'}


class ZERO123_OT_release_memory(bpy.types.Operator):
    """Release the engine's loaded model when no job is running; the next job loads it again"""

    bl_idname = "zero123.release_memory"
    bl_label = "Release Zero123 Memory"
    poll = classmethod(_engine_runs)

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.runner.release_memory()
        return {'FINISHED'}


class ZERO123_OT_check_setup(bpy.types.Operator):
    """Check whether the engine's libraries work and which device it uses"""

    bl_idname = "zero123.check_setup"
    bl_label = "Check Zero123 Setup"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "The check is running" if session.checklist.running else
                      INSTALLING if session.installation.running else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        session.checklist.refresh(context)
        try:
            session.checklist.start_doctor(context)
        finally:
            redraw_areas()
        session.timer.follow(session.checklist.finish)
        if not bpy.app.background:
            return {'FINISHED'}
        problem = session.checklist.facts_error or session.checklist.model_error
        if problem is not None:
            raise problem
        self.report({'INFO'}, rpt_("The engine uses the device {}").format(
            session.checklist.facts.get("device")))
        return {'FINISHED'}


class ZERO123_OT_copy_report(bpy.types.Operator):
    """Copy the facts for a problem report: versions, devices, folders and errors"""

    bl_idname = "zero123.copy_report"
    bl_label = "Copy Zero123 Report"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not session.checklist.report and session.checklist.has_engine:
            try:
                session.checklist.start_doctor(context)
                session.checklist.finish()  # takes some seconds
            except EngineError as error:
                self.report({'WARNING'}, in_words(error))
        context.window_manager.clipboard = report_text(session.checklist)
        self.report({'INFO'}, rpt_("The report is in the clipboard"))
        return {'FINISHED'}


CLASSES = (ZERO123_OT_engine_install, ZERO123_OT_engine_install_cancel, ZERO123_OT_engine_start,
           ZERO123_OT_engine_stop, ZERO123_OT_release_memory, ZERO123_OT_check_setup,
           ZERO123_OT_copy_report)
