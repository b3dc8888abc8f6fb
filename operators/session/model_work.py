# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that are being fetched, imported or verified. No bpy: callers decide when to look.

The work is the engine's command `models`, in a process of its own beside the one for jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.protocol import Cancelled, Done, Failed, Progress
from ...engine.setup.environment import ROOT, engine_environment, isolated_python
from ...engine.transport.process import EngineProcess

STOP_S = 5.0
"""How long a process may take to put its unfinished work aside."""


class ModelWork:
    """At most one at a time."""

    def __init__(self) -> None:
        self.verb = ""
        """"download", "import" or "verify"."""
        self.model = ""
        self.stage, self.done, self.total = "", 0, 0
        self.cancelling = False
        self.error: EngineError | None = None
        """Why the last one failed."""
        self._process: EngineProcess | None = None

    @property
    def running(self) -> bool:
        """Whether a process works."""
        return self._process is not None

    @property
    def fraction(self) -> float:
        """How much of the current stage is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    def start(self, python: Path, verb: str, model: str, arguments: Sequence[str], log: Path,
              variables: Mapping[str, str]) -> None:
        """Begin; returns at once.

        `variables` are added to the environment: a token must not stand in a command line.

        Raises:
            EngineError: If it can't be started.
        """
        self.verb, self.model = verb, model
        self.stage, self.done, self.total = "", 0, 0
        self.cancelling, self.error = False, None
        command = [*isolated_python(python), "-m", "engine", "models", verb, *arguments, "--json",
                   "--attended"]
        self._process = EngineProcess(command, {**engine_environment(), **variables}, ROOT, log)

    def pump(self, timeout: float = 0.0) -> bool:
        """Take in what is reported, waiting so many seconds. Returns whether anything changed."""
        changed = False
        while self._process is not None:
            message = self._process.receive(timeout)
            timeout = 0.0
            match message:
                case Progress():
                    self.stage, self.done, self.total = message.stage, message.done, message.total
                case Done():
                    self._end(None)
                case Failed():
                    self._end(message.error)
                case Cancelled():
                    self._end(EngineError(ErrorCode.CANCELLED, "stopped before the end",
                                          "what was downloaded is kept: start again to go on"))
                case None if self._process.ended:
                    self._end(self._process.exit_error())
                case None:
                    break
            changed = True
        return changed

    def wait(self) -> None:
        """Block until the end. On Ctrl-C the work is stopped.

        Raises:
            EngineError: If it failed; `CANCELLED` if it was stopped.
        """
        try:
            while self.running:
                self.pump(0.5)
        except KeyboardInterrupt:
            self.stop()
            raise
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Ask for the end; it comes within moments, and `pump` takes it in."""
        if self._process is not None:
            self.cancelling = True
            self._process.close_stdin()

    def stop(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.stop(STOP_S)
            self._end(EngineError(ErrorCode.CANCELLED, "stopped before the end"))

    def _end(self, error: EngineError | None) -> None:
        assert self._process is not None
        self.error = error
        self._process.stop(0.0)  # all is said and written
        self._process.close()
        self._process = None


model_work = ModelWork()
"""The one of this Blender."""
