# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: reads commands from stdin, runs one job at a time, reports on stdout.

It has two threads. The reader takes commands as they arrive, so that a job can be cancelled while
it computes; the main thread runs jobs in the order of their submission. Fast to import: a job
imports its libraries, or the idle server imports them before the first job.
"""

from __future__ import annotations

import importlib
import os
import platform
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

from ..core.errors import EngineError, ErrorCode, JobCancelled
from ..core.failures import as_engine_error
from ..core.garbage_collector import paused_collector
from ..core.protocol import (
    PROTOCOL_VERSION,
    Accepted,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Hello,
    Message,
    Ready,
    Release,
    Shutdown,
    Submit,
    decode,
    version_mismatch,
)
from ..core.reporting import MessageReporter, Reporter
from ..core.requests import REQUESTS
from ..models.model_cache import model_cache
from ..transport.streams import MessageWriter, reserve_stdin, reserve_stdout
from . import run as jobs

Handler = Callable[[dict[str, Any], Reporter], dict[str, Any]]
"""Runs a job: takes its request's fields and a reporter, returns its result as plain JSON."""

GRACE_S = 0.3
"""Seconds that a job may take to notice that the engine ends, before the process exits."""
LIBRARIES = ("..imaging", "torch", "transformers.modeling_utils", "diffusers.models",
             "..diffusion.pipeline")
"""Modules that most jobs need and that take seconds to load. Quick jobs need only the first."""


def default_handlers() -> dict[str, Handler]:
    """One handler for each request class."""

    def handler(kind: str) -> Handler:
        return lambda values, reporter: jobs.run(REQUESTS[kind].from_dict(values), reporter)

    return {kind: handler(kind) for kind in REQUESTS}


def serve(handlers: Mapping[str, Handler] | None = None, idle_s: float | None = None,
          release: Callable[[], None] = model_cache.drop) -> int:
    """Serve stdin until it closes or `Shutdown` comes. Returns the exit status.

    `idle_s`: seconds without work after which the loaded model is dropped; None keeps it.
    `release`: called when a `Release` message arrives.
    From here on the process's stdout is reserved for the protocol.
    """
    # Ctrl-C in a terminal reaches the whole process group; the parent process handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return Server(reserve_stdin(), reserve_stdout(), handlers or default_handlers(), idle_s,
                  release, () if handlers else LIBRARIES).run()


@dataclass
class _Job:
    """A submitted job without its terminal report."""

    submit: Submit
    cancelled: threading.Event = field(default_factory=threading.Event)


class Server:
    """One conversation over a pair of byte streams."""

    def __init__(self, commands: BinaryIO, reports: BinaryIO,
                 handlers: Mapping[str, Handler], idle_s: float | None = None,
                 release: Callable[[], None] = model_cache.drop,
                 libraries: Sequence[str] = ()) -> None:
        """As `serve`; `libraries` are loaded between the greeting and the first job."""
        self._idle_s = idle_s
        self._drop = release
        self._commands = commands
        self._writer = MessageWriter(reports)
        self._handlers = handlers
        self._changed = threading.Condition()
        """Guards the fields below."""
        self._queue: deque[_Job] = deque()
        self._running: _Job | None = None
        self._greeted = False
        self._libraries = deque(libraries)
        self._release = False
        self._ending = False
        self._status = 0

    def run(self) -> int:
        """Run jobs until the conversation ends. Returns the exit status."""
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        while (action := self._next_action()) is not None:
            action()
        return self._status

    def _next_action(self) -> Callable[[], None] | None:
        """Wait for the next task of the main thread. None ends the server."""
        with self._changed:
            while not self._ending:
                if self._release:
                    self._release = False
                    return self._drop
                if self._queue:
                    self._running = self._queue.popleft()
                    return partial(self._work, self._running)
                if self._greeted and self._libraries:
                    return partial(_load, self._libraries.popleft())
                idle_s = self._idle_s if model_cache.pipeline is not None else None
                if not self._changed.wait(idle_s) and not self._queue:
                    return self._drop
        return None

    def _work(self, job: _Job) -> None:
        self._send(self._run_job(job))
        with self._changed:
            self._running = None

    def _run_job(self, job: _Job) -> Message:
        """Run a job. Returns its terminal report."""
        submit = job.submit
        try:
            handler = self._handlers.get(submit.kind)
            if handler is None:
                raise EngineError(ErrorCode.BAD_INPUT, f"unknown kind of job: {submit.kind}",
                                  f"choose from {', '.join(self._handlers)}")
            reporter = MessageReporter(submit.job, self._send, job.cancelled.is_set)
            return Done(submit.job, handler(submit.request, reporter))
        except JobCancelled:
            return Cancelled(submit.job)
        except Exception as error:
            # Any failure of a job ends that job, never the engine.
            if not isinstance(error, EngineError):
                traceback.print_exc()
            return Failed(submit.job, **as_engine_error(error).to_dict())

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
                self._send(Failed("", **error.to_dict()))
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
        with self._changed:
            self._greeted = True
            self._changed.notify()

    def _submit(self, command: Submit) -> None:
        if not command.job:
            # Reports without a job's name concern the engine itself.
            raise EngineError(ErrorCode.PROTOCOL, "a job must have a name",
                              "give each job a name of its own")
        with self._changed:
            known = [*self._queue, self._running] if self._running else self._queue
            if any(job.submit.job == command.job for job in known):
                raise EngineError(ErrorCode.PROTOCOL, f"job {command.job} was submitted twice",
                                  "give each job a name of its own")
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
        """Cancel the running job and end the process, whatever the main thread does."""
        with self._changed:
            self._ending = True
            self._changed.notify()
            if self._running:
                self._running.cancelled.set()
        # The main thread ends by itself if it is idle or reaches a step. A longer computation
        # must not keep the process, and the GPU, after the parent has ended.
        threading.Event().wait(GRACE_S)
        os._exit(self._status)

    def _send(self, message: Message) -> None:
        try:
            self._writer.send(message)
        except OSError:
            os._exit(self._status)  # the other end is closed


def _load(library: str) -> None:
    """Import a library on the main thread, never beside a job: two threads could see each other's
    modules half imported. A job that arrives in between would have to import the library anyway.
    """
    # The job that needs it reports the error.
    with suppress(Exception), paused_collector():
        importlib.import_module(library, __package__)
