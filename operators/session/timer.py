# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a window: one timer that looks at the engine while there is work, and only then."""

from __future__ import annotations

from contextlib import suppress

import bpy
from bpy.app.handlers import load_post, persistent

from ...engine.core.errors import EngineError
from ..scene import ImportOptions
from .checklist import checklist
from .history import history
from .installation import installation_job
from .job_store import journal
from .model_work import model_work
from .preview_mesh import growing_meshes
from .runner import runner
from .thumbnails import thumbnails

INTERVAL_S = 0.2
_SHOWN_IN = {'VIEW_3D', 'IMAGE_EDITOR', 'PREFERENCES'}


def watch() -> None:
    """Have the timer running; it ends by itself when there is nothing to wait for."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
        # Persistent: loading another file must not silence a running job.
        bpy.app.timers.register(_tick, first_interval=INTERVAL_S, persistent=True)


def look_around() -> None:
    """See what is on the disk already, as soon as Blender has drawn its window, and whether all is
    there for the settings of a file when that is loaded.
    """
    load_post.append(_look_at_file)
    if not bpy.app.background:
        bpy.app.timers.register(_look_around, first_interval=INTERVAL_S, persistent=True)


def unwatch() -> None:
    """Remove timers, handler and what is drawn; a pending timer at exit can crash Blender."""
    if _look_at_file in load_post:
        load_post.remove(_look_at_file)
    checklist.stop()
    growing_meshes.clear()
    thumbnails.clear()
    for timer in (_tick, _look_around):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)


def redraw() -> None:
    """Have the areas that show jobs drawn again, and the status bars."""
    for window in bpy.context.window_manager.windows:
        if not window.modal_operators:  # they may have a text of their own there
            with bpy.context.temp_override(window=window):
                window.workspace.status_text_set_internal(None)  # the only way to redraw it
        for area in window.screen.areas:
            if area.type in _SHOWN_IN:
                area.tag_redraw()


def why_import_waits(context: bpy.types.Context) -> str:
    """Why no result can be imported now, or an empty text.

    An import in the middle of another action would end up in that action's undo step.
    """
    if context.mode != 'OBJECT':
        return "Leave the current mode for Object Mode to import results"
    if bpy.app.is_job_running('RENDER'):
        return "Results can be imported when the render is finished"
    return ""


@persistent
def _look_at_file(*_: object) -> None:
    checklist.look(bpy.context)
    redraw()


def _look_around() -> None:
    history.refresh(bpy.context)
    journal.look(bpy.context)
    checklist.look(bpy.context)
    redraw()


def _tick() -> float | None:
    changed = runner.pump()
    changed |= growing_meshes.update(runner.jobs)
    changed |= thumbnails.update(runner.jobs)
    changed |= _import_finished()
    changed |= checklist.pump()
    if model_work.pump():
        changed = True
        if not model_work.running:
            checklist.look(bpy.context)
    if installation_job.changed():
        changed = True
        if not installation_job.running:
            _check_installation()
    if changed:
        redraw()
    waits = (runner.busy or installation_job.running or checklist.running
             or model_work.running)
    return INTERVAL_S if waits else None


def _check_installation() -> None:
    """See what a new installation can do; if it can't be started, the list says so anyway."""
    checklist.look(bpy.context)
    with suppress(EngineError):
        checklist.start_doctor(bpy.context)


def _import_finished() -> bool:
    """Import what is finished, unless the user is in the middle of something."""
    pending = [job for job in runner.jobs if job.import_pending]
    windows = bpy.context.window_manager.windows
    if not pending or not windows or any(window.modal_operators for window in windows):
        return False
    with bpy.context.temp_override(window=windows[0]):  # a timer has no window of its own
        if why_import_waits(bpy.context):
            return False
        for job in pending:
            job.import_pending = False
            try:
                # True asks for an undo step of its own, as if a person had pressed the button.
                options = job.options or ImportOptions.of(bpy.context.scene.zero123)
                bpy.ops.zero123.import_result('EXEC_DEFAULT', True, job=job.id, **options.values())
            except RuntimeError as error:
                print(f"Zero123: {error}")  # the job keeps the error, and the panel shows it
        history.refresh(bpy.context)
    return True
