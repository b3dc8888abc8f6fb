# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that cancel, resume, discard and clear jobs."""

from dataclasses import replace

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from .session import session
from .session.job_store import discard
from .session.jobs import Job
from .session.launch import launch_request
from .session.messages import report_errors, unless
from .session.window import redraw_areas

_OPTIONS = {'SKIP_SAVE'}


def _job_property(description: str) -> StringProperty:
    return StringProperty(name="Job", description=description, options=_OPTIONS)


class ZERO123_OT_cancel_job(bpy.types.Operator):
    """Cancel a job at its next step; only meshes and trainings can be resumed later"""

    bl_idname = "zero123.cancel_job"
    bl_label = "Cancel Job"

    job: _job_property("Id of the job; empty cancels all that are running or waiting")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if session.jobs.active() else "No job is running")

    def execute(self, context: bpy.types.Context) -> set[str]:
        for job in session.jobs.active():
            if self.job in ("", job.id):
                session.runner.cancel(job)
        redraw_areas()
        return {'FINISHED'}


class ZERO123_OT_resume_job(bpy.types.Operator):
    """Resume a mesh or a training that was stopped or has failed, with the same settings"""

    bl_idname = "zero123.resume_job"
    bl_label = "Resume Job"

    job: _job_property("Id of the job; empty uses the last one that can be resumed")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_none_resumable(context))

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        job = _last_resumable(self, context)
        if job is None:
            return {'CANCELLED'}
        launch_request(context, replace(job.request, resume=True), job.title,
                       place=job.place if session.open_file.is_open(job.file) else None,
                       options=job.options, replaces_view=job.replaces_view)
        return {'FINISHED'}


class ZERO123_OT_discard_job(bpy.types.Operator):
    """Remove a stopped mesh or training from the list, and delete its intermediate results"""

    bl_idname = "zero123.discard_job"
    bl_label = "Discard Job"

    job: _job_property("Id of the job; empty uses the last one that can be resumed")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_none_resumable(context))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        job = _last_resumable(self, context)
        if job is None:
            return {'CANCELLED'}
        self.job = job.id  # the job in the question, even if another one stops meanwhile
        return context.window_manager.invoke_confirm(
            self, event, title=iface_("Discard Job"), confirm_text=iface_("Discard"),
            message=iface_("Delete the intermediate results of {}").format(job.title),
            translate=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = _last_resumable(self, context)
        if job is None:
            return {'CANCELLED'}
        session.jobs.forget(job)
        discard(job)
        redraw_areas()
        return {'FINISHED'}


class ZERO123_OT_clear_jobs(bpy.types.Operator):
    """Remove ended jobs from the list; their files and imported results stay"""

    bl_idname = "zero123.clear_jobs"
    bl_label = "Clear Ended Jobs"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        ended = [job for job in session.jobs if job.state.ended]
        if ended and all(job.unfinished for job in ended):
            return unless(cls, "Jobs that can be resumed stay until they are discarded")
        return unless(cls, "" if ended else "No job has ended")

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.jobs.clear_ended()
        redraw_areas()
        return {'FINISHED'}


class ZERO123_OT_copy_error(bpy.types.Operator):
    """Copy the message of a failed job to the clipboard"""

    bl_idname = "zero123.copy_error"
    bl_label = "Copy Error"

    job: _job_property("Id of the job; empty copies the engine's own error")  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = session.jobs.get(self.job)
        error = job.error if job else session.runner.engine_error
        if error is None:
            return {'CANCELLED'}
        context.window_manager.clipboard = f"error {error.code.value}: {error}"
        return {'FINISHED'}


def why_none_resumable(context: bpy.types.Context) -> str:
    """The reason why no job can be resumed or discarded, or an empty text.

    Without a window the records are read only when an operator runs; until then one may exist.
    """
    may = any(job.can_resume for job in session.jobs) or not session.job_store.is_read(context)
    return "" if may else "There is no stopped mesh or training"


def _last_resumable(operator: bpy.types.Operator, context: bpy.types.Context) -> Job | None:
    """The job that the operator names, or the last one; if there is none, report that."""
    if not session.job_store.is_read(context):
        session.job_store.refresh(context)
    found = [job for job in session.jobs if job.can_resume and operator.job in ("", job.id)]
    if not found:
        operator.report({'ERROR'}, rpt_("This job cannot be resumed"))
        return None
    return found[-1]


CLASSES = (ZERO123_OT_cancel_job, ZERO123_OT_resume_job, ZERO123_OT_discard_job,
           ZERO123_OT_clear_jobs, ZERO123_OT_copy_error)
