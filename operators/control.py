# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that look after jobs, results and the engine."""

from dataclasses import replace
from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from . import scene as results
from .scene import frames
from .scene.destination import describe_import
from .scene.options import PATH_OPTIONS
from .session import launch
from .session import timer as background
from .session.history import history
from .session.job_store import discard, journal
from .session.jobs import Job
from .session.messages import SELECT_A_RESULT, report_errors, unless
from .session.runner import runner

_OPTIONS = {'SKIP_SAVE'}


def _job_property(description: str) -> StringProperty:
    return StringProperty(name="Job", description=description, options=_OPTIONS)


class ZERO123_OT_cancel_job(bpy.types.Operator):
    """Stop a job at its next step; only a mesh or a training can go on from there"""

    bl_idname = "zero123.cancel_job"
    bl_label = "Cancel Job"

    job: _job_property("Which job; empty for all that run or wait")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if runner.jobs.active() else "No job is running")

    def execute(self, context: bpy.types.Context) -> set[str]:
        for job in runner.jobs.active():
            if self.job in ("", job.id):
                runner.cancel(job)
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_resume_job(bpy.types.Operator):
    """Go on with a mesh or a training that was stopped or has failed, with the same settings"""

    bl_idname = "zero123.resume_job"
    bl_label = "Resume Job"

    job: _job_property("Which job; empty for the last that can go on")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_none_can_go_on(context))

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        job = _last_that_can_go_on(self, context)
        if job is None:
            return {'CANCELLED'}
        launch.launch_request(context, replace(job.request, resume=True), job.title,
                              place=job.place, options=job.options, mends=job.mends)
        return {'FINISHED'}


class ZERO123_OT_discard_job(bpy.types.Operator):
    """Forget a mesh or a training that was stopped or has failed, and delete what it has kept"""

    bl_idname = "zero123.discard_job"
    bl_label = "Discard Job"

    job: _job_property("Which job; empty for the last that can go on")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_none_can_go_on(context))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        job = _last_that_can_go_on(self, context)
        if job is None:
            return {'CANCELLED'}
        self.job = job.id  # of which it is asked, whatever is stopped meanwhile
        return context.window_manager.invoke_confirm(
            self, event, title=iface_("Discard Job"), confirm_text=iface_("Discard"),
            message=iface_("Delete what {} has kept").format(job.title), translate=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = _last_that_can_go_on(self, context)
        if job is None:
            return {'CANCELLED'}
        runner.jobs.forget(job)
        discard(job)
        background.redraw()
        return {'FINISHED'}


def why_none_can_go_on(context: bpy.types.Context) -> str:
    """Why no job can be resumed or discarded, or an empty text.

    Before the disk was looked at, which without a window is when an operator runs, one may.
    """
    may = any(job.can_go_on for job in runner.jobs) or not journal.has_looked(context)
    return "" if may else "No mesh or training was stopped"


def _last_that_can_go_on(operator: bpy.types.Operator, context: bpy.types.Context) -> Job | None:
    """The job that the operator was given, or the last; if there is none, the operator says so."""
    if not journal.has_looked(context):
        journal.look(context)
    found = [job for job in runner.jobs if job.can_go_on and operator.job in ("", job.id)]
    if not found:
        operator.report({'ERROR'}, rpt_("This job can't go on"))
        return None
    return found[-1]


class ZERO123_OT_clear_jobs(bpy.types.Operator):
    """Forget the jobs that have ended and can't go on; their files and what was imported stay"""

    bl_idname = "zero123.clear_jobs"
    bl_label = "Clear Ended Jobs"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        ended = [job for job in runner.jobs if job.state.ended]
        if ended and all(job.unfinished for job in ended):
            return unless(cls, "Jobs that can go on stay until they are discarded")
        return unless(cls, "" if ended else "No job has ended")

    def execute(self, context: bpy.types.Context) -> set[str]:
        runner.jobs.clear_ended()
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_copy_error(bpy.types.Operator):
    """Copy a failed job's message, to search for it or report it"""

    bl_idname = "zero123.copy_error"
    bl_label = "Copy Error"

    job: _job_property("Which job; empty for the engine itself")  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = runner.jobs.get(self.job)
        error = job.error if job else runner.engine_error
        if error is None:
            return {'CANCELLED'}
        context.window_manager.clipboard = f"error {error.code.value}: {error}"
        return {'FINISHED'}


class ZERO123_OT_import_result(bpy.types.Operator):
    """Bring views or a mesh from the disk into the scene, in one undo step"""

    bl_idname = "zero123.import_result"
    bl_label = "Import Zero123 Result"
    bl_options = {'REGISTER', 'UNDO'}

    __annotations__ = {
        "job": _job_property("Job of this session whose result to import"),
        "filepath": StringProperty(
            name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="A views.json or a mesh.glb that Zero123 has written"),
        "filter_glob": StringProperty(default="*.json;*.glb", options={'HIDDEN', 'SKIP_SAVE'}),
        **results.import_properties(_OPTIONS),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, background.why_import_waits(context))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.job or self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {'RUNNING_MODAL'}

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        job = runner.jobs.get(self.job)
        if self.job and job is None:
            self.report({'ERROR'}, rpt_(
                "This job is not remembered any more; import its files instead"))
            return {'CANCELLED'}
        created = self._import(context, job)
        self.report({'INFO'}, describe_import(created))
        return {'FINISHED'}

    def _import(self, context: bpy.types.Context, job: Job | None) -> list[bpy.types.ID]:
        options = results.ImportOptions.of(self)
        if job is not None:
            if not any(map(self.properties.is_property_set, options.values())):
                options = job.options or options
            return launch.import_job(context, job, options)
        path = Path(bpy.path.abspath(self.filepath))
        return launch.bring_in(path, context.scene, options=options)


class ZERO123_OT_import_again(bpy.types.Operator):
    """Bring the files of the active object's result in once more, as they came in before"""

    bl_idname = "zero123.import_again"
    bl_label = "Import Result Again"
    bl_options = {'REGISTER', 'UNDO'}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        record = results.Record.read(context.active_object) if context.active_object else None
        return unless(cls, background.why_import_waits(context) if record and record.files else
                      SELECT_A_RESULT)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        record, group = results.Record.read(item), frames.result_collection(item)
        assert record is not None  # poll has seen it
        context.view_layer.update()
        place = results.Place.at(frames.result_frame(group, chosen=item)) if group else None
        title = group.name.removeprefix("Zero123 ") if group else ""
        created = launch.bring_in(
            Path(record.files[0]), context.scene, title, place=place,
            options=results.ImportOptions.from_dict(record.options))
        self.report({'INFO'}, describe_import(created))
        return {'FINISHED'}


class ZERO123_OT_refresh_history(bpy.types.Operator):
    """Look again which results are in the results folder, and which jobs were stopped there"""

    bl_idname = "zero123.refresh_history"
    bl_label = "Refresh Zero123 History"

    def execute(self, context: bpy.types.Context) -> set[str]:
        history.refresh(context)
        journal.look(context)
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_engine_start(bpy.types.Operator):
    """Start the engine now, so that the first job needn't wait for it"""

    bl_idname = "zero123.engine_start"
    bl_label = "Start Zero123 Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "The engine is running" if runner.engine_running else "")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            launch.start_engine(context)
        finally:
            background.redraw()
        return {'FINISHED'}


def _engine_runs(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    return unless(cls, "" if runner.engine_running else "The engine is not running")


class ZERO123_OT_engine_stop(bpy.types.Operator):
    """Stop the engine, the jobs it works on, and give its memory back"""

    bl_idname = "zero123.engine_stop"
    bl_label = "Stop Zero123 Engine"
    poll = classmethod(_engine_runs)

    def execute(self, context: bpy.types.Context) -> set[str]:
        runner.stop_engine()
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_release_memory(bpy.types.Operator):
    """Have the engine drop its loaded model as soon as no job runs; the next job loads it again"""

    bl_idname = "zero123.release_memory"
    bl_label = "Release Zero123 Memory"
    poll = classmethod(_engine_runs)

    def execute(self, context: bpy.types.Context) -> set[str]:
        runner.release_memory()
        return {'FINISHED'}


CLASSES = (
    ZERO123_OT_cancel_job, ZERO123_OT_resume_job, ZERO123_OT_discard_job, ZERO123_OT_clear_jobs,
    ZERO123_OT_copy_error, ZERO123_OT_import_result, ZERO123_OT_import_again,
    ZERO123_OT_refresh_history, ZERO123_OT_engine_start, ZERO123_OT_engine_stop,
    ZERO123_OT_release_memory)
