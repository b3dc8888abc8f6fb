# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that cancel, resume, discard and clear jobs."""

from dataclasses import replace

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from .action import Action
from .session import session
from .session.job_store import discard
from .session.jobs import Job
from .session.launch import launch_request

_OPTIONS = {'SKIP_SAVE'}


def _job_property(description: str) -> StringProperty:
    return StringProperty(name="Job", description=description, options=_OPTIONS)


class ZERO123_OT_cancel_job(Action):
    """Cancel a job at its next step; only meshes and trainings can be resumed later"""

    bl_idname = "zero123.cancel_job"
    bl_label = "Cancel Job"

    job: _job_property("Id of the job; empty cancels all that are running or waiting")  # type: ignore[valid-type]

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return "" if session.jobs.active() else "No job is running"

    def act(self, context: bpy.types.Context) -> None:
        for job in session.jobs.active():
            if self.job in ("", job.id):
                session.runner.cancel(job)


class _ResumableJobAction(Action):
    """Base of the operators for one job that can be resumed."""

    JOB = _job_property("Id of the job; empty uses the last one that can be resumed")

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        """Without a window the records are read only when the operator runs, so a job may exist."""
        may = any(job.can_resume for job in session.jobs) or not session.job_store.is_read(context)
        return "" if may else "There is no stopped mesh or training"

    def act(self, context: bpy.types.Context) -> None:
        job = self.find(context)
        if job is None:
            raise EngineError(ErrorCode.BAD_INPUT, "this job cannot be resumed")
        self.act_on(context, job)

    def act_on(self, context: bpy.types.Context, job: Job) -> None:
        """Apply the operator to the job."""

    def find(self, context: bpy.types.Context) -> Job | None:
        """The job with the operator's id, or the last one that can be resumed."""
        if not session.job_store.is_read(context):
            session.job_store.refresh(context)
        found = [job for job in session.jobs if job.can_resume and self.job in ("", job.id)]
        return found[-1] if found else None


class ZERO123_OT_resume_job(_ResumableJobAction):
    """Resume a mesh or a training that was stopped or has failed, with the same settings"""

    bl_idname = "zero123.resume_job"
    bl_label = "Resume Job"
    __annotations__ = {"job": _ResumableJobAction.JOB}

    def act_on(self, context: bpy.types.Context, job: Job) -> None:
        launch_request(context, replace(job.request, resume=True), job.title,
                       place=job.place if session.open_file.is_open(job.file) else None,
                       options=job.options, replaces_view=job.replaces_view)


class ZERO123_OT_discard_job(_ResumableJobAction):
    """Remove a stopped mesh or training from the list, and delete its intermediate results"""

    bl_idname = "zero123.discard_job"
    bl_label = "Discard Job"
    __annotations__ = {"job": _ResumableJobAction.JOB}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        job = self.find(context)
        if job is None:
            return self.execute(context)  # `run` reports this
        self.job = job.id  # the job that the question names, even if another one stops meanwhile
        return context.window_manager.invoke_confirm(
            self, event, title=iface_("Discard Job"), confirm_text=iface_("Discard"),
            message=iface_("Delete the intermediate results of {}").format(job.title),
            translate=False)

    def act_on(self, context: bpy.types.Context, job: Job) -> None:
        session.jobs.forget(job)
        discard(job)


class ZERO123_OT_clear_jobs(Action):
    """Remove ended jobs from the list; their files and imported results stay"""

    bl_idname = "zero123.clear_jobs"
    bl_label = "Clear Ended Jobs"

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        ended = [job for job in session.jobs if job.state.ended]
        if ended and all(job.unfinished for job in ended):
            return "Jobs that can be resumed stay until they are discarded"
        return "" if ended else "No job has ended"

    def act(self, context: bpy.types.Context) -> None:
        session.jobs.clear_ended()


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


CLASSES = (ZERO123_OT_cancel_job, ZERO123_OT_resume_job, ZERO123_OT_discard_job,
           ZERO123_OT_clear_jobs, ZERO123_OT_copy_error)
