# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation of the engine's Python, in the background. No bpy: callers decide when to look.

A thread only listens to the installer, which is a process of its own.
"""

from __future__ import annotations

import threading
from pathlib import Path

from ...engine.core.errors import EngineError, ErrorCode, JobCancelled
from ...engine.setup import install as installation


class Installation:
    """At most one at a time; also the reporter that the installer talks to."""

    def __init__(self) -> None:
        self.error: EngineError | None = None
        """Why the last one failed."""
        self.line = ""
        """What the installer said last."""
        self.done, self.total = 0, installation.STEPS
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._shown: tuple[str, int, bool] = ("", 0, False)

    @property
    def running(self) -> bool:
        """Whether an installer works."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, folder: Path, python: str, backend: str, wheels: str) -> None:
        """Begin; returns at once. The arguments are those of `installation.install`."""
        self.error, self.line, self.done = None, "", 0
        self._cancelled.clear()
        self._thread = threading.Thread(
            target=self._work, args=(folder, python, backend, wheels),
            name="zero123 installation")
        self._thread.start()

    def wait(self) -> None:
        """Block until the end.

        Raises:
            EngineError: If it failed; `CANCELLED` if it was stopped.
        """
        if self._thread is not None:
            self._thread.join()
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Stop, and wait until the installer is gone: an instant."""
        self._cancelled.set()
        if self._thread is not None:
            self._thread.join()

    def changed(self) -> bool:
        """Whether there is something new to show since the last call."""
        before, self._shown = self._shown, (self.line, self.done, self.running)
        return before != self._shown

    def _work(self, folder: Path, python: str, backend: str, wheels: str) -> None:
        try:
            installation.install(folder, self, python=python or None, backend=backend,
                                 wheels=Path(wheels) if wheels else None)
        except EngineError as error:
            self.error = error
        except JobCancelled:
            self.error = EngineError(ErrorCode.CANCELLED, "the installation was stopped", "")
        except Exception as error:  # a thread's traceback would reach nobody
            self.error = EngineError(ErrorCode.INTERNAL, f"the installation failed: {error!r}", "")

    # The installer's reporter.

    def progress(self, stage: str, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._cancelled.is_set():
            raise JobCancelled

    def preview(self, path: Path) -> None: ...

    def artifact(self, role: str, path: Path) -> None: ...

    def log(self, level: str, text: str) -> None:
        self.line = text


installation_job = Installation()
"""The one of this Blender."""
