# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The download, import and verification of models. No bpy: callers decide when to poll.

The work is done by the engine's command `models` in a separate process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.protocol import Cancelled, Done, Failed, Progress
from ...engine.setup.environment import ROOT, engine_environment, isolated_python
from ...engine.transport.process import EngineProcess

STOP_S = 5.0
"""Seconds that a process may take to save its unfinished work."""


class ModelWork:
    """At most one piece of work at a time."""

    def __init__(self) -> None:
        self.verb = ""
        """"download", "import" or "verify"."""
        self.model = ""
        self.stage, self.done, self.total = "", 0, 0
        self.cancelling = False
        self.error: EngineError | None = None
        """Why the last work failed."""
        self._process: EngineProcess | None = None

    @property
    def running(self) -> bool:
        """Whether a process is running."""
        return self._process is not None

    @property
    def fraction(self) -> float:
        """The completed part of the current stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    def start(self, python: Path, verb: str, model: str, arguments: Sequence[str], log: Path,
              variables: Mapping[str, str]) -> None:
        """Start and return at once.

        `variables` are added to the environment: a token must not appear in a command line.

        Raises:
            EngineError: The process cannot be started.
        """
        self.verb, self.model = verb, model
        self.stage, self.done, self.total = "", 0, 0
        self.cancelling, self.error = False, None
        command = [*isolated_python(python), "-m", "engine", "models", verb, *arguments, "--json",
                   "--attended"]
        self._process = EngineProcess(command, {**engine_environment(), **variables}, ROOT, log)

    def poll(self, timeout: float = 0.0) -> bool:
        """Process the reports, waiting `timeout` seconds. Returns whether anything changed."""
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
                    self._end(EngineError(ErrorCode.CANCELLED, "cancelled before the end",
                                          "downloaded parts are kept; start again to resume"))
                case None if self._process.ended:
                    self._end(self._process.exit_error())
                case None:
                    break
            changed = True
        return changed

    def wait(self) -> None:
        """Block until the end. Ctrl-C stops the work.

        Raises:
            EngineError: The work failed; `CANCELLED` if it was cancelled.
        """
        try:
            while self.running:
                self.poll(0.5)
        except KeyboardInterrupt:
            self.stop()
            raise
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Request the end. It comes within moments and is processed by `poll`."""
        if self._process is not None:
            self.cancelling = True
            self._process.close_stdin()

    def stop(self) -> None:
        """Stop the work now."""
        if self._process is not None:
            self._process.stop(STOP_S)
            self._end(EngineError(ErrorCode.CANCELLED, "cancelled before the end"))

    def _end(self, error: EngineError | None) -> None:
        assert self._process is not None
        self.error = error
        self._process.stop(0.0)  # its reports and files are complete
        self._process.close()
        self._process = None
