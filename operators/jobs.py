# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that cancel, resume, discard and clear jobs."""

from dataclasses import replace

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import StringProperty

from ..engine.core.errors import EngineError, ErrorCode
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


class _ResumableJobOperator(bpy.types.Operator):
    """Base of the operators for one job that can be resumed."""

    JOB = _job_property("Id of the job; empty uses the last one that can be resumed")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_none_resumable(context))

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        job = self.find(context)
        if job is None:
            raise EngineError(ErrorCode.BAD_INPUT, "this job cannot be resumed")
        self.act(context, job)
        return {'FINISHED'}

    def find(self, context: bpy.types.Context) -> Job | None:
        """The job with the operator's id, or the last one that can be resumed."""
        if not session.job_store.is_read(context):
            session.job_store.refresh(context)
        found = [job for job in session.jobs if job.can_resume and self.job in ("", job.id)]
        return found[-1] if found else None

    def act(self, context: bpy.types.Context, job: Job) -> None:
        """Apply the operator to the job."""


class ZERO123_OT_resume_job(_ResumableJobOperator):
    """Resume a mesh or a training that was stopped or has failed, with the same settings"""

    bl_idname = "zero123.resume_job"
    bl_label = "Resume Job"
    __annotations__ = {"job": _ResumableJobOperator.JOB}

    def act(self, context: bpy.types.Context, job: Job) -> None:
        launch_request(context, replace(job.request, resume=True), job.title,
                       place=job.place if session.open_file.is_open(job.file) else None,
                       options=job.options, replaces_view=job.replaces_view)


class ZERO123_OT_discard_job(_ResumableJobOperator):
    """Remove a stopped mesh or training from the list, and delete its intermediate results"""

    bl_idname = "zero123.discard_job"
    bl_label = "Discard Job"
    __annotations__ = {"job": _ResumableJobOperator.JOB}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        job = self.find(context)
        if job is None:
            return self.execute(context)  # which reports that
        self.job = job.id  # the job in the question, even if another one stops meanwhile
        return context.window_manager.invoke_confirm(
            self, event, title=iface_("Discard Job"), confirm_text=iface_("Discard"),
            message=iface_("Delete the intermediate results of {}").format(job.title),
            translate=False)

    def act(self, context: bpy.types.Context, job: Job) -> None:
        session.jobs.forget(job)
        discard(job)
        redraw_areas()


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


CLASSES = (ZERO123_OT_cancel_job, ZERO123_OT_resume_job, ZERO123_OT_discard_job,
           ZERO123_OT_clear_jobs, ZERO123_OT_copy_error)
