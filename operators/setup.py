# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that set the engine up."""

import bpy
from bpy.props import StringProperty

from ..engine.protocol import EngineError
from . import addon, background
from .checklist import checklist, report_text
from .installing import installation_job
from .runner import runner

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_engine_install(bpy.types.Operator):
    """Make the engine's own Python and download its libraries into it, which takes gigabytes"""

    bl_idname = "zero123.engine_install"
    bl_label = "Install Zero123 Engine"

    python: StringProperty(  # type: ignore[valid-type]
        name="Python", subtype='FILE_PATH', options=_OPTIONS,
        description="The Python to build on; empty takes Blender's")
    backend: StringProperty(  # type: ignore[valid-type]
        name="Backend", options=_OPTIONS,
        description="auto, cpu, cuda, rocm or mps; empty takes the preferences' choice")
    wheels: StringProperty(  # type: ignore[valid-type]
        name="Wheels", subtype='DIR_PATH', options=_OPTIONS,
        description="Folder of wheels to install from; empty takes the preferences' choice")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = "The engine is being installed" if installation_job.running else (
            "Wait for the jobs to end, or cancel them" if runner.jobs.active() else "")
        cls.poll_message_set(reason or " ")
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        preferences = addon.preferences(context)
        wheels = bpy.path.abspath(self.wheels) or preferences.wheels_folder
        if not wheels and not bpy.app.online_access:
            self.report({'ERROR'}, "Allow Online Access in the preferences' System section, or "
                        "give an offline bundle: a folder of wheels")
            return {'CANCELLED'}
        runner.stop_engine()  # it may run from what is about to be replaced
        runner.engine_error = None
        installation_job.start(addon.engine_folder(), bpy.path.abspath(self.python),
                               self.backend or preferences.backend, wheels)
        if not bpy.app.background:
            background.watch()
            background.redraw()
            return {'FINISHED'}
        try:
            installation_job.wait()
        except EngineError as error:
            self.report({'ERROR'}, str(error))
            return {'CANCELLED'}
        return {'FINISHED'}


class ZERO123_OT_engine_install_cancel(bpy.types.Operator):
    """Stop the installation; the next one goes on from there, an engine from before stays"""

    bl_idname = "zero123.engine_install_cancel"
    bl_label = "Cancel Zero123 Engine Installation"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Nothing is being installed")
        return installation_job.running

    def execute(self, context: bpy.types.Context) -> set[str]:
        installation_job.cancel()
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_check_setup(bpy.types.Operator):
    """See whether the engine's libraries work, and which device it finds"""

    bl_idname = "zero123.check_setup"
    bl_label = "Check Zero123 Setup"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = "The check is running" if checklist.running else (
            "The engine is being installed" if installation_job.running else "")
        cls.poll_message_set(reason or " ")
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        checklist.look(context)
        try:
            checklist.start_doctor(context)
        except EngineError as error:
            self.report({'ERROR'}, str(error))
            return {'CANCELLED'}
        finally:
            background.redraw()
        if not bpy.app.background:
            background.watch()
            return {'FINISHED'}
        checklist.finish()
        problem = checklist.facts_error or checklist.model_error
        if problem is not None:
            self.report({'ERROR'}, str(problem))
            return {'CANCELLED'}
        self.report({'INFO'}, f"The engine computes on: {checklist.facts.get('device')}")
        return {'FINISHED'}


class ZERO123_OT_copy_report(bpy.types.Operator):
    """Copy what a report of a problem needs: versions, devices, folders, what is wrong"""

    bl_idname = "zero123.copy_report"
    bl_label = "Copy Zero123 Report"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not checklist.report and checklist.has_engine:
            try:
                checklist.start_doctor(context)
                checklist.finish()  # some seconds
            except EngineError as error:
                self.report({'WARNING'}, str(error))
        context.window_manager.clipboard = report_text()
        self.report({'INFO'}, "The report is in the clipboard")
        return {'FINISHED'}


CLASSES = (ZERO123_OT_engine_install, ZERO123_OT_engine_install_cancel, ZERO123_OT_check_setup,
           ZERO123_OT_copy_report)
