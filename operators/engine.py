# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that install, start, stop and check the engine."""

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from .action import Action
from .scene.options import PATH_OPTIONS
from .session import preferences as addon
from .session import session
from .session.checklist import report_text
from .session.launch import start_engine
from .session.messages import INSTALLING, WAIT_FOR_JOBS, in_words

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_engine_install(Action):
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
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        if session.installation.running:
            return INSTALLING
        return WAIT_FOR_JOBS if session.jobs.active() else ""

    def act(self, context: bpy.types.Context) -> None:
        preferences = addon.preferences(context)
        wheels = bpy.path.abspath(self.wheels) or preferences.wheels_folder
        if not wheels and not bpy.app.online_access:
            raise EngineError(ErrorCode.ENVIRONMENT, "Enable Allow Online Access in the System "
                              "preferences, or choose an offline bundle: a folder of wheels")
        # The engine may run from the folder that is about to be replaced.
        session.runner.stop_engine()
        session.runner.engine_error = None
        session.installation.start(addon.engine_folder(), bpy.path.abspath(self.python),
                                   self.backend or preferences.backend, wheels)
        session.timer.follow(session.installation.wait)


class ZERO123_OT_engine_install_cancel(Action):
    """Cancel the installation; the next one resumes it, and an engine installed before is kept"""

    bl_idname = "zero123.engine_install_cancel"
    bl_label = "Cancel Zero123 Engine Installation"

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return "" if session.installation.running else "Nothing is being installed"

    def act(self, context: bpy.types.Context) -> None:
        session.installation.cancel()


class ZERO123_OT_engine_start(Action):
    """Start the engine now, so that the first job starts sooner"""

    bl_idname = "zero123.engine_start"
    bl_label = "Start Zero123 Engine"

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return "The engine is running" if session.runner.engine_running else ""

    def act(self, context: bpy.types.Context) -> None:
        start_engine(context)


class _RunningEngineAction(Action):
    """Base of the operators that need a running engine."""

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return "" if session.runner.engine_running else "The engine is not running"


class ZERO123_OT_engine_stop(_RunningEngineAction):
    """Stop the engine and its jobs, and release its memory"""

    bl_idname = "zero123.engine_stop"
    bl_label = "Stop Zero123 Engine"

    def act(self, context: bpy.types.Context) -> None:
        session.runner.stop_engine()


class ZERO123_OT_release_memory(_RunningEngineAction):
    """Release the engine's loaded model when no job is running; the next job loads it again"""

    bl_idname = "zero123.release_memory"
    bl_label = "Release Zero123 Memory"

    def act(self, context: bpy.types.Context) -> None:
        session.runner.release_memory()


class ZERO123_OT_check_setup(Action):
    """Check whether the engine's libraries work and which device it uses"""

    bl_idname = "zero123.check_setup"
    bl_label = "Check Zero123 Setup"

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        if session.checklist.running:
            return "The check is running"
        return INSTALLING if session.installation.running else ""

    def act(self, context: bpy.types.Context) -> None:
        checklist = session.checklist
        checklist.refresh(context)
        checklist.start_doctor(context)
        session.timer.follow(checklist.finish)
        if checklist.running:
            return
        if problem := checklist.facts_error or checklist.model_error:
            raise problem
        self.report({'INFO'}, rpt_("The engine uses the device {}").format(
            checklist.facts.get("device")))


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
