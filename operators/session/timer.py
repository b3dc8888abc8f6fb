# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One timer that polls the engine while there is work. Without a window there is no timer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import bpy
from bpy.app.handlers import load_post, persistent, save_post

from ...engine.core.errors import EngineError
from .jobs import Job
from .window import redraw_areas, why_import_waits

if TYPE_CHECKING:
    from .state import Session

INTERVAL_S = 0.2
"""Seconds between two polls: short enough for a smooth progress bar."""
ImportJob = Callable[[Job], None]
"""Brings a finished job's result into the scene, in one undo step."""


class Timer:
    """Polls the parts of a session, imports finished results and redraws on changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._import_job: ImportJob | None = None

        # Blender tells timers and handlers apart by identity, and a bound method is a new object
        # at every access; it keeps only plain functions when another file is loaded.
        def tick() -> float | None:
            return self.tick()

        def first_look() -> None:
            self._first_look()

        @persistent
        def file_loaded(*_: object) -> None:
            self._file_loaded()

        @persistent
        def file_saved(*_: object) -> None:
            self._session.open_file.saved(bpy.data.filepath)

        self._tick, self._first = tick, first_look
        self._handlers = ((load_post, file_loaded), (save_post, file_saved))

    @property
    def pending(self) -> int:
        """Number of timers that are registered with Blender."""
        return sum(map(bpy.app.timers.is_registered, (self._tick, self._first)))

    def open(self, import_job: ImportJob) -> None:
        """Look at the disk once Blender has drawn its window, and at every file that is loaded."""
        self._import_job = import_job
        for handlers, handler in self._handlers:
            handlers.append(handler)
        if not bpy.app.background:
            bpy.app.timers.register(self._first, first_interval=INTERVAL_S, persistent=True)

    def start(self) -> None:
        """Poll until there is nothing left to wait for."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._tick):
            # Persistent: loading another file must not stop the polling of a running job.
            bpy.app.timers.register(self._tick, first_interval=INTERVAL_S, persistent=True)

    def follow(self, wait: Callable[[], None]) -> None:
        """Poll the work that has just started; without a window, wait for its end."""
        if bpy.app.background:
            wait()
        else:
            self.start()

    def close(self) -> None:
        """Remove timers and handlers; a pending timer at exit can crash Blender."""
        for handlers, handler in self._handlers:
            if handler in handlers:
                handlers.remove(handler)
        for timer in (self._tick, self._first):
            if bpy.app.timers.is_registered(timer):
                bpy.app.timers.unregister(timer)

    def tick(self) -> float | None:
        """One poll. Returns the seconds until the next one; None if there is nothing to wait for.
        """
        session = self._session
        changed = session.runner.poll()
        changed |= session.preview_meshes.update(session.jobs)
        changed |= session.thumbnails.update(session.jobs)
        changed |= self.import_finished()
        changed |= session.checklist.poll()
        if session.model_work.poll():
            changed = True
            if not session.model_work.running:
                session.checklist.refresh(bpy.context)
        if session.installation.changed():
            changed = True
            if not session.installation.running:
                self._check_installation()
        if changed:
            redraw_areas()
        waits = (session.busy or session.installation.running
                 or session.checklist.running or session.model_work.running)
        return INTERVAL_S if waits else None

    def import_finished(self) -> bool:
        """Import finished results of the open file, unless the user is in the middle of an action.

        Returns whether anything was imported.
        """
        is_open = self._session.open_file.is_open
        pending = [job for job in self._session.jobs if job.import_pending and is_open(job.file)]
        windows = bpy.context.window_manager.windows
        if not pending or not windows or any(window.modal_operators for window in windows):
            return False
        with bpy.context.temp_override(window=windows[0]):  # a timer has no window of its own
            if why_import_waits(bpy.context) or self._import_job is None:
                return False
            for job in pending:
                job.import_pending = False
                self._import_job(job)
            self._session.history.refresh(bpy.context)
        return True

    def _first_look(self) -> None:
        self._session.history.refresh(bpy.context)
        self._session.job_store.refresh(bpy.context)
        self._session.checklist.refresh(bpy.context)
        redraw_areas()

    def _file_loaded(self) -> None:
        self._session.open_file.loaded(bpy.data.filepath)
        self._session.checklist.refresh(bpy.context)
        if self._session.busy:  # results may have waited for this file
            self.start()
        redraw_areas()

    def _check_installation(self) -> None:
        """Check what a new installation can do."""
        self._session.checklist.refresh(bpy.context)
        with suppress(EngineError):  # the checklist shows the problem
            self._session.checklist.start_doctor(bpy.context)
