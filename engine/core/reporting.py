# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running job reports its progress and files, and is cancelled."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .errors import JobCancelled
from .files import sha256
from .protocol import Artifact, Log, Message, Preview, Progress


class Reporter(Protocol):
    """Receives the events of a job. The server sends them on, the command line draws a bar."""

    shows_previews: bool
    """Whether previews are wanted: making them takes time."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """A step is done. Raises `JobCancelled` if the job is to stop, so call it at every step."""

    def preview(self, path: Path) -> None:
        """A file with an image or mesh of work in progress."""

    def artifact(self, role: str, path: Path) -> None:
        """A finished file under its final name."""

    def log(self, level: str, text: str) -> None:
        """A line for the log: level "info", "warning" or "error"."""


class SilentReporter:
    """Ignores all events: for use of the engine as a library, and as a base class."""

    shows_previews = False

    def progress(self, stage: str, done: int, total: int) -> None: ...

    def preview(self, path: Path) -> None: ...

    def artifact(self, role: str, path: Path) -> None: ...

    def log(self, level: str, text: str) -> None: ...


class Pace:
    """Measures the pace of the current stage and decides when to show it again."""

    def __init__(self, interval_s: float = 0.1) -> None:
        self._interval_s = interval_s
        self._stage = ""
        self._first = (0, 0.0)
        """Steps done and time at the first report of the stage."""
        self._shown_at = -math.inf

    def update(self, stage: str, done: int, total: int) -> bool:
        """Record a step. Returns whether to show it: a stage's first and last, and some between.

        Steps can take microseconds, and showing each would take longer than the job.
        """
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._first, self._shown_at = stage, (done, now), -math.inf
        due = done >= total or now - self._shown_at >= self._interval_s
        if due:
            self._shown_at = now
        return due

    def eta_s(self, done: int, total: int) -> float | None:
        """Seconds to the stage's end at its mean pace so far; None before a second step."""
        first_done, first_time = self._first
        if done <= first_done:
            return None
        per_step = (time.monotonic() - first_time) / (done - first_done)
        return round(per_step * max(total - done, 0), 2)


class MessageReporter:
    """Sends a job's events as messages, and stops the job at its next step once it is cancelled."""

    shows_previews = True

    def __init__(self, job: str, send: Callable[[Message], None],
                 cancelled: Callable[[], bool] = lambda: False) -> None:
        self._job = job
        self._send = send
        self._cancelled = cancelled
        self._pace = Pace()

    def progress(self, stage: str, done: int, total: int) -> None:
        if self._cancelled():
            raise JobCancelled
        if self._pace.update(stage, done, total):
            eta_s = self._pace.eta_s(done, total)
            self._send(Progress(self._job, stage, int(done), int(total), eta_s))

    def preview(self, path: Path) -> None:
        self._send(Preview(self._job, str(path)))

    def artifact(self, role: str, path: Path) -> None:
        self._send(Artifact(self._job, role, str(path), sha256(path)))

    def log(self, level: str, text: str) -> None:
        self._send(Log(level, text))
