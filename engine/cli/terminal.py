# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reporters of the command line: a progress bar for people, messages for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol, TextIO

from ..core.errors import EngineError, ErrorCode
from ..core.protocol import Cancelled, Done, Failed
from ..core.reporting import MessageReporter, Pace, Reporter, SilentReporter
from ..transport.streams import MessageWriter, reserve_stdout

BAR_WIDTH = 30
JOB = "cli"
"""The job's id in messages: a command line has only one."""


class CommandReporter(Reporter, Protocol):
    """A reporter that also receives the end of the command."""

    def done(self, result: dict[str, Any]) -> None:
        """The command has succeeded."""

    def failed(self, error: EngineError) -> None:
        """The command has failed."""


class TerminalReporter(SilentReporter):
    """A progress bar if stderr is a terminal, and the name of every result on stdout."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._pace = Pace()
        self._drawn = False

    def progress(self, stage: str, done: int, total: int) -> None:
        if self._bar and self._pace.update(stage, done, total):
            filled = BAR_WIDTH * done // max(total, 1)
            eta_s = self._pace.eta_s(done, total)
            left = "" if eta_s is None else f" {int(eta_s) // 60}:{int(eta_s) % 60:02d} left"
            bar = "#" * filled + "-" * (BAR_WIDTH - filled)
            self._draw(f"{stage} [{bar}] {done}/{total}{left}")

    def artifact(self, role: str, path: Path) -> None:
        if role != "view":  # views.json is printed instead
            self._clear()
            print(path)

    def log(self, level: str, text: str) -> None:
        self._line(f"{level}: {text}")

    def done(self, result: dict[str, Any]) -> None:
        self._clear()

    def failed(self, error: EngineError) -> None:
        self._line(f"error {error.code.value}: {error}")

    def _line(self, text: str) -> None:
        self._clear()
        print(" ".join(text.split()), file=self._stream, flush=True)

    def _draw(self, text: str) -> None:
        print(f"\r{text}\x1b[K", end="", file=self._stream, flush=True)
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            self._draw("")
            self._drawn = False


class JsonReporter(MessageReporter):
    """The protocol's messages on stdout; an error also appears on stderr."""

    def __init__(self) -> None:
        self._send = MessageWriter(reserve_stdout()).send
        super().__init__(JOB, self._send)

    def done(self, result: dict[str, Any]) -> None:
        self._send(Done(JOB, result))

    def failed(self, error: EngineError) -> None:
        TerminalReporter().failed(error)
        if error.code is ErrorCode.CANCELLED:
            self._send(Cancelled(JOB))
        else:
            self._send(Failed(JOB, **error.to_dict()))
