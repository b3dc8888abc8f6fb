# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's side of the process boundary: starts the engine, hands it jobs, collects its reports.

No `bpy` here: timers and operators call `poll()` (with a window) or `wait()` (headless). Standard
library only, and relative imports only: inside Blender this package has another name than in the
engine's own process.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.protocol import (
    PROTOCOL_VERSION,
    TERMINAL,
    Cancel,
    Cancelled,
    Failed,
    Hello,
    Log,
    Message,
    Ready,
    Release,
    Shutdown,
    Submit,
    version_mismatch,
)
from ..core.requests import Request
from ..setup.environment import ROOT, engine_environment, isolated_python
from .process import EngineProcess

MAX_STARTS = 3
START_WINDOW_S = 30.0
"""Seconds within which the engine is started at most `MAX_STARTS` times. Otherwise an engine that
dies during its start would be started again at every click or retry."""

_LISTEN_S = 0.5
"""Longest wait for one report, seconds. A process can end without closing its pipe, which a
grandchild may hold, so the process is checked at least this often."""


def engine_command(python: str | Path, idle_s: float | None = None,
                   options: Sequence[str] = ()) -> list[str]:
    """The command that starts the engine with this Python, in the folder that holds `engine`.

    `idle_s`: seconds without work after which it drops its loaded model; None keeps the model.
    `options`: further options of `serve`, such as those that name a remote computer.
    """
    idle = [] if idle_s is None else ["--idle", f"{idle_s:g}"]
    return [*isolated_python(python), "-m", "engine", "serve", *idle, *options]


class EngineClient:
    """One engine process at a time, and its jobs.

    Every submitted job ends with exactly one `Done`, `Failed` or `Cancelled`, whatever happens to
    the engine. Not thread-safe: call it from one thread.

    Args:
        command: such as `engine_command` gives.
        environment: of the process; by default the current one without Python's own variables.
        cwd: by default the folder that holds the package `engine`.
        log_path: receives the engine's stderr; by default a file without a name.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None,
                 cwd: str | Path | None = None, log_path: str | Path | None = None) -> None:
        self.ready: Ready | None = None
        """The engine's first message; None until it has arrived."""
        self._command = list(command)
        self._environment = engine_environment() if environment is None else dict(environment)
        self._cwd = ROOT if cwd is None else Path(cwd)
        self._log_path = None if log_path is None else Path(log_path)
        self._process: EngineProcess | None = None
        self._starts: deque[float] = deque(maxlen=MAX_STARTS)
        self._open: dict[str, None] = {}
        """Jobs without a terminal report, in the order of submission."""
        self._outbox: deque[Message] = deque()
        """Messages that no call has returned yet, in the order of their arrival."""
        self._end: EngineError | None = None
        """Why the last engine has ended; None if it was stopped on purpose."""

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the engine's process is running."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """The id of the engine's process, if there is one."""
        return None if self._process is None else self._process.pid

    @property
    def jobs(self) -> tuple[str, ...]:
        """Jobs without a terminal report, in the order of submission."""
        return tuple(self._open)

    def start(self) -> None:
        """Start the engine unless it runs. Doesn't wait for it: a later `poll` sets `ready`.

        Raises:
            EngineError: `ENVIRONMENT` if it can't be started or was started too often recently,
                `DISK` if its log can't be written.
        """
        self._listen(0.0)  # the last messages of a dead engine, and the end of its jobs
        if self.running:
            return
        now = time.monotonic()
        if len(self._starts) == MAX_STARTS and now - self._starts[0] < START_WINDOW_S:
            raise EngineError(
                ErrorCode.ENVIRONMENT,
                f"the engine was started {MAX_STARTS} times within {START_WINDOW_S:.0f} seconds",
                f"wait a little before you try again; {self._end or 'see its log'}")
        self._starts.append(now)
        self._end = None
        self._process = EngineProcess(self._command, self._environment, self._cwd, self._log_path)
        self._process.send(Hello())

    def wait_ready(self, timeout: float = 30.0) -> Ready:
        """Start the engine if need be, and wait until it answers.

        Raises:
            EngineError: as `start`; `PROTOCOL` if it uses another version, `ENGINE_DIED` if it ends
            or does not answer.
        """
        self.start()
        deadline = time.monotonic() + timeout
        while self.ready is None:
            if self._process is None:
                raise self._end or EngineError(ErrorCode.ENGINE_DIED, "the engine was stopped")
            if time.monotonic() > deadline:
                raise EngineError(ErrorCode.ENGINE_DIED,
                                  f"the engine hasn't answered within {timeout:g} seconds",
                                  "check the engine's Python in the preferences")
            self._listen(_LISTEN_S)
        return self.ready

    def submit(self, kind: str, request: Request | Mapping[str, Any]) -> str:
        """Queue a job, starting the engine if need be. Returns the job's id.

        Raises:
            EngineError: as `start`.
        """
        self.start()
        assert self._process is not None
        job = uuid.uuid4().hex[:12]
        values = request.to_dict() if isinstance(request, Request) else dict(request)
        self._open[job] = None
        self._process.send(Submit(job, kind, values))
        return job

    def poll(self) -> list[Message]:
        """The messages that have arrived since the last call. Never waits for the engine.

        A `Failed` with an empty `job` concerns the engine itself.
        """
        self._listen(0.0)
        messages = list(self._outbox)
        self._outbox.clear()
        return messages

    def wait(self, job: str, timeout: float | None = None,
             on_message: Callable[[Message], object] | None = None) -> Message:
        """The job's terminal report, once it is there.

        `on_message` gets the job's other messages, and the log's, as they come; those of other
        jobs stay for `poll`.

        Raises:
            KeyError: the job is unknown, or its end has been returned before.
            TimeoutError: not within `timeout` seconds; the job continues.
        """
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            for message in self._take(job):
                if isinstance(message, TERMINAL):
                    return message
                if on_message is not None:
                    on_message(message)
            if job not in self._open:
                raise KeyError(job)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"job {job} hasn't ended within {timeout:g} seconds")
            self._listen(min(remaining, _LISTEN_S))

    def cancel(self, job: str) -> None:
        """Cancel a job at its next step. A job that has ended is not affected."""
        if self._process is not None and job in self._open:
            self._process.send(Cancel(job))

    def release(self) -> None:
        """Ask the engine to drop loaded models as soon as no job runs."""
        if self._process is not None:
            self._process.send(Release())

    def stop(self, timeout: float = 2.0) -> None:
        """End the engine, by force after `timeout` seconds. Its jobs are cancelled."""
        if self._process is None:
            return
        self._process.send(Shutdown())
        for message in self._process.stop(timeout):
            self._take_in(message)
        for job in self.jobs:
            self._take_in(Cancelled(job))
        self._forget_process()
        self._starts.clear()  # an end on purpose does not count

    def _listen(self, timeout: float) -> None:
        """Process the arrived messages, waiting up to `timeout` seconds for a first one."""
        process = self._process
        if process is None:
            return
        message = process.receive(timeout)
        while message is not None:
            self._take_in(message)
            message = process.receive(0.0)
        if process.ended:
            self._reap(process)

    def _take_in(self, message: Message) -> None:
        """Put a message into the outbox, unless its job has already ended."""
        if isinstance(message, Ready):
            self._greeted(message)
        elif isinstance(message, Failed) and not message.job and self.ready is None:
            self._end = message.error  # the engine refuses this version, and ends
            return
        job = getattr(message, "job", "")
        if job and job not in self._open:
            return
        if isinstance(message, TERMINAL):
            self._open.pop(job, None)
        self._outbox.append(message)

    def _greeted(self, ready: Ready) -> None:
        if ready.version == PROTOCOL_VERSION:
            self.ready = ready
        elif self._process is not None:
            self._end = version_mismatch(ready.version)
            self._process.kill()

    def _take(self, job: str) -> list[Message]:
        """Remove the messages of a job, and the log's, from the outbox."""
        mine, others = [], deque[Message]()
        for message in self._outbox:
            if isinstance(message, Log) or getattr(message, "job", "") == job:
                mine.append(message)
            else:
                others.append(message)
        self._outbox = others
        return mine

    def _reap(self, process: EngineProcess) -> None:
        """Report the unexpected end of an engine, once for each of its jobs."""
        self._end = error = self._end or process.exit_error()
        for job in ("", *self.jobs):
            self._open.pop(job, None)
            self._outbox.append(Failed(job, **error.to_dict()))
        self._forget_process()

    def _forget_process(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = None
        self.ready = None
