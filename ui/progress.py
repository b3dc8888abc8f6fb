# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of jobs, as text and in the status bar."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..engine.core.requests import REQUESTS
from ..operators.scene.translation import CONTEXT
from ..operators.session import session
from ..operators.session.jobs import Job, JobState


def progress_text(job: Job) -> str:
    """A job's stage, steps and remaining time."""
    if job.state is not JobState.RUNNING:
        return iface_(job.state.value)
    count = f" {job.done}/{job.total}" if job.total > 1 else ""
    eta = ", " + iface_("{} left").format(_duration(job.eta_s)) if job.eta_s else ""
    return f"{iface_(job.stage.capitalize(), CONTEXT)}{count}{eta}"


def kind_name(kind: str) -> str:
    """The title of a kind of job, translated."""
    return iface_(REQUESTS[kind].TITLE, CONTEXT)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def draw_status(header: bpy.types.Header, context: bpy.types.Context) -> None:
    """Draw the running job and the number of waiting ones; nothing if there is none."""
    active = session.jobs.active()
    if not active:
        return
    job = active[0]
    waiting = f" (+{len(active) - 1})" if len(active) > 1 else ""
    row = header.layout.row(align=True)
    row.ui_units_x = 14
    row.progress(factor=job.fraction, text=f"{job.title}: {progress_text(job)}{waiting}",
                 translate=False)
    row.operator("zero123.cancel_job", text="", icon='X').job = job.id


def register() -> None:
    """Add the progress to the status bar."""
    bpy.types.STATUSBAR_HT_header.append(draw_status)


def unregister() -> None:
    """Remove it."""
    bpy.types.STATUSBAR_HT_header.remove(draw_status)
