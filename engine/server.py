# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's side of the process boundary: reads commands, runs one job at a time, reports.

Two threads. The reader takes commands from stdin as they come, so that cancelling works while a
job computes; the main thread runs jobs in the order of their submission. Light to import: what
a job needs is loaded by the job.
"""

from __future__ import annotations

import os
import platform
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from . import jobs
from .failures import as_engine_error
from .loaded_model import loaded_model
from .protocol import (
    PROTOCOL_VERSION,
    Accepted,
    Cancel,
    Cancelled,
    Done,
    EngineError,
    ErrorCode,
    Failed,
    Hello,
    JobCancelled,
    Message,
    Ready,
    Release,
    Shutdown,
    Submit,
    decode,
    version_mismatch,
)
from .reporting import MessageReporter, Reporter
from .requests import REQUESTS
from .stdio import MessageWriter, reserve_stdin, reserve_stdout

Handler = Callable[[dict[str, Any], Reporter], dict[str, Any]]
"""Runs a job: its request's fields and a reporter to its result, all plain JSON."""

GRACE_S = 0.3
"""How long a job may take to notice that the engine is to end, before it is cut off."""


def default_handlers() -> dict[str, Handler]:
    """One handler for each request class."""

    def handler(kind: str) -> Handler:
        return lambda values, reporter: jobs.run(REQUESTS[kind].from_dict(values), reporter)

    return {kind: handler(kind) for kind in REQUESTS}


def serve(handlers: Mapping[str, Handler] | None = None, idle_s: float | None = None,
          release: Callable[[], None] = loaded_model.drop) -> int:
    """Serve stdin until it closes or `Shutdown` comes. Returns the exit status.

    `idle_s`: after so many seconds without work the loaded model is dropped; None keeps it.
    `release`: drops it when `Release` asks for it.
    From here on the process's stdout belongs to the protocol alone.
    """
    # Ctrl-C in a terminal reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return Server(reserve_stdin(), reserve_stdout(), handlers or default_handlers(), idle_s,
                  release).run()


@dataclass
class _Job:
    """A submitted job that has not had its terminal report."""

    submit: Submit
    cancelled: threading.Event = field(default_factory=threading.Event)


class Server:
    """One conversation over a pair of byte streams."""

    def __init__(self, commands: BinaryIO, reports: BinaryIO,
                 handlers: Mapping[str, Handler], idle_s: float | None = None,
                 release: Callable[[], None] = loaded_model.drop) -> None:
        self._idle_s = idle_s
        self._drop = release
        self._commands = commands
        self._writer = MessageWriter(reports)
        self._handlers = handlers
        self._changed = threading.Condition()
        """Guards the fields below."""
        self._queue: deque[_Job] = deque()
        self._running: _Job | None = None
        self._release = False
        self._ending = False
        self._status = 0

    def run(self) -> int:
        """Run jobs until the conversation ends. Returns the exit status."""
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        while True:
            with self._changed:
                woken = self._changed.wait_for(
                    lambda: self._queue or self._release or self._ending,
                    self._idle_s if loaded_model.pipeline is not None else None)
                if self._ending:
                    return self._status
                release, self._release = self._release or not woken, False
                self._running = self._queue.popleft() if self._queue and not release else None
            if release:
                self._drop()
            if self._running:
                self._send(self._run_job(self._running))
                with self._changed:
                    self._running = None

    def _run_job(self, job: _Job) -> Message:
        """Run a job to its terminal report."""
        submit = job.submit
        try:
            handler = self._handlers.get(submit.kind)
            if handler is None:
                raise EngineError(ErrorCode.BAD_INPUT, f"unknown kind of job: {submit.kind}",
                                  f"known are {', '.join(self._handlers)}")
            reporter = MessageReporter(submit.job, self._send, job.cancelled.is_set)
            return Done(submit.job, handler(submit.request, reporter))
        except JobCancelled:
            return Cancelled(submit.job)
        except Exception as error:
            # The boundary: whatever goes wrong in a job ends that job, never the engine.
            if not isinstance(error, EngineError):
                traceback.print_exc()
            return _failed(submit.job, as_engine_error(error))

    def _read(self) -> None:
        """The reader thread: take commands until stdin ends, then end the process."""
        for line in self._commands:
            try:
                command = decode(line.decode("utf-8", "replace"))
                if isinstance(command, Shutdown):
                    self._cancel_all()
                    break
                self._obey(command)
            except EngineError as error:
                self._send(_failed("", error))
                if self._ending:
                    break
        self._end()

    def _obey(self, command: Message) -> None:
        match command:
            case Hello(version):
                self._greet(version)
            case Submit():
                self._submit(command)
            case Cancel(job):
                self._cancel(job)
            case Release():
                with self._changed:
                    self._release = True
                    self._changed.notify()
            case _:
                raise EngineError(ErrorCode.PROTOCOL, f"{command.TYPE} is not a command")

    def _greet(self, version: int) -> None:
        if version != PROTOCOL_VERSION:
            self._ending, self._status = True, ErrorCode.PROTOCOL.exit_code
            raise version_mismatch(theirs=version)
        self._send(Ready(PROTOCOL_VERSION, platform.python_version()))

    def _submit(self, command: Submit) -> None:
        with self._changed:
            known = [*self._queue, self._running] if self._running else self._queue
            if any(job.submit.job == command.job for job in known):
                raise EngineError(ErrorCode.PROTOCOL, f"job {command.job} was submitted twice")
            # Reported before the main thread can take it, so that Accepted always comes first.
            self._send(Accepted(command.job))
            self._queue.append(_Job(command))
            self._changed.notify()

    def _cancel(self, job_id: str) -> None:
        with self._changed:
            if self._running and self._running.submit.job == job_id:
                self._running.cancelled.set()
            for job in [job for job in self._queue if job.submit.job == job_id]:
                self._queue.remove(job)
                self._send(Cancelled(job_id))

    def _cancel_all(self) -> None:
        with self._changed:
            for job in [*self._queue, *([self._running] if self._running else [])]:
                self._cancel(job.submit.job)

    def _end(self) -> None:
        """Stop what runs and end the process, whatever the main thread is doing."""
        with self._changed:
            self._ending = True
            self._changed.notify()
            if self._running:
                self._running.cancelled.set()
        # The main thread leaves by itself if it is idle or reaches a step. A computation that
        # doesn't must not keep the process, and the accelerator, after the parent has gone.
        threading.Event().wait(GRACE_S)
        os._exit(self._status)

    def _send(self, message: Message) -> None:
        try:
            self._writer.send(message)
        except OSError:
            os._exit(self._status)  # nobody listens any more


def _failed(job: str, error: EngineError) -> Failed:
    return Failed(job, error.code.value, error.message, error.hint)
