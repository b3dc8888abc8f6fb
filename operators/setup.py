# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that set the engine up."""

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from ..engine.core.errors import EngineError
from .scene.options import PATH_OPTIONS
from .session import preferences as addon
from .session import timer as background
from .session.checklist import checklist, report_text
from .session.installation import installation_job
from .session.messages import INSTALLING, WAIT_FOR_JOBS, in_words, report_errors, unless
from .session.runner import runner

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_engine_install(bpy.types.Operator):
    """Make the engine's own Python and download its libraries into it, which takes gigabytes"""

    bl_idname = "zero123.engine_install"
    bl_label = "Install Zero123 Engine"

    python: StringProperty(  # type: ignore[valid-type]
        name="Python", subtype='FILE_PATH', options=PATH_OPTIONS,
        description="The Python to build on; empty takes Blender's")
    backend: StringProperty(  # type: ignore[valid-type]
        name="Backend", options=_OPTIONS,
        description="auto, cpu, cuda, rocm or mps; empty takes the preferences' choice")
    wheels: StringProperty(  # type: ignore[valid-type]
        name="Wheels", subtype='DIR_PATH', options=PATH_OPTIONS,
        description="Folder of wheels to install from; empty takes the preferences' choice")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, INSTALLING if installation_job.running else
                      WAIT_FOR_JOBS if runner.jobs.active() else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        preferences = addon.preferences(context)
        wheels = bpy.path.abspath(self.wheels) or preferences.wheels_folder
        if not wheels and not bpy.app.online_access:
            self.report({'ERROR'}, rpt_("Allow Online Access in the preferences' System section, "
                                        "or give an offline bundle: a folder of wheels"))
            return {'CANCELLED'}
        runner.stop_engine()  # it may run from what is about to be replaced
        runner.engine_error = None
        installation_job.start(addon.engine_folder(), bpy.path.abspath(self.python),
                               self.backend or preferences.backend, wheels)
        if not bpy.app.background:
            background.watch()
            background.redraw()
            return {'FINISHED'}
        installation_job.wait()
        return {'FINISHED'}


class ZERO123_OT_engine_install_cancel(bpy.types.Operator):
    """Stop the installation; the next one goes on from there, an engine from before stays"""

    bl_idname = "zero123.engine_install_cancel"
    bl_label = "Cancel Zero123 Engine Installation"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if installation_job.running else "Nothing is being installed")

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
        return unless(cls, "The check is running" if checklist.running else
                      INSTALLING if installation_job.running else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        checklist.look(context)
        try:
            checklist.start_doctor(context)
        finally:
            background.redraw()
        if not bpy.app.background:
            background.watch()
            return {'FINISHED'}
        checklist.finish()
        problem = checklist.facts_error or checklist.model_error
        if problem is not None:
            raise problem
        self.report({'INFO'}, rpt_("The engine computes on: {}").format(
            checklist.facts.get("device")))
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
                self.report({'WARNING'}, in_words(error))
        context.window_manager.clipboard = report_text()
        self.report({'INFO'}, rpt_("The report is in the clipboard"))
        return {'FINISHED'}


CLASSES = (ZERO123_OT_engine_install, ZERO123_OT_engine_install_cancel, ZERO123_OT_check_setup,
           ZERO123_OT_copy_report)
