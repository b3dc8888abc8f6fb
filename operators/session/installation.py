# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation of the engine's Python in the background. This module does not use bpy.

The installer is a process; a thread reads its output. Callers decide when to look at the state.
"""

from __future__ import annotations

import threading
from pathlib import Path

from ...engine.core.errors import EngineError, ErrorCode, JobCancelled
from ...engine.core.reporting import SilentReporter
from ...engine.setup import install


class Installation(SilentReporter):
    """At most one installation at a time; also the reporter that the installer reports to."""

    def __init__(self) -> None:
        self.error: EngineError | None = None
        """Why the last installation failed."""
        self.line = ""
        """The last line of the installer's output."""
        self.done, self.total = 0, install.STEPS
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._shown: tuple[str, int, bool] = ("", 0, False)

    @property
    def running(self) -> bool:
        """Whether an installation is running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, folder: Path, python: str, backend: str, wheels: str) -> None:
        """Start and return at once. The arguments are those of `engine.setup.install.install`."""
        self.error, self.line, self.done = None, "", 0
        self._cancelled.clear()
        self._thread = threading.Thread(
            target=self._work, args=(folder, python, backend, wheels),
            name="zero123 installation")
        self._thread.start()

    def wait(self) -> None:
        """Block until the installation has ended.

        Raises:
            EngineError: It failed; `CANCELLED` if it was cancelled.
        """
        if self._thread is not None:
            self._thread.join()
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Cancel, and wait the short time until the installer has ended."""
        self._cancelled.set()
        if self._thread is not None:
            self._thread.join()

    def changed(self) -> bool:
        """Whether anything that is shown has changed since the last call."""
        before, self._shown = self._shown, (self.line, self.done, self.running)
        return before != self._shown

    def _work(self, folder: Path, python: str, backend: str, wheels: str) -> None:
        try:
            install.install(folder, self, python=python or None, backend=backend,
                            wheels=Path(wheels) if wheels else None)
        except EngineError as error:
            self.error = error
        except JobCancelled:
            self.error = EngineError(ErrorCode.CANCELLED, "the installation was cancelled", "")
        except Exception as error:  # nobody would see the traceback of a thread
            self.error = EngineError(ErrorCode.INTERNAL, f"the installation failed: {error!r}", "")

    # The installer's reporter.

    def progress(self, stage: str, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._cancelled.is_set():
            raise JobCancelled

    def log(self, level: str, text: str) -> None:
        self.line = text
