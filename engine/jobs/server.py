# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's side of the process boundary: reads commands, runs one job at a time, reports.

Two threads. The reader takes commands from stdin as they come, so that cancelling works while a
job computes; the main thread runs jobs in the order of their submission. Light to import: what
a job needs is loaded by the job, or while there is none yet.
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
from ..models.model_cache import loaded_model
from ..transport.streams import MessageWriter, reserve_stdin, reserve_stdout
from . import run as jobs

Handler = Callable[[dict[str, Any], Reporter], dict[str, Any]]
"""Runs a job: its request's fields and a reporter to its result, all plain JSON."""

GRACE_S = 0.3
"""How long a job may take to notice that the engine is to end, before it is cut off."""
LIBRARIES = ("..imaging", "torch", "transformers.modeling_utils", "diffusers.models", "..diffusion")
"""What most jobs need, which takes seconds to load; the quick ones need no more than the first."""


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
                  release, () if handlers else LIBRARIES).run()


@dataclass
class _Job:
    """A submitted job that has not had its terminal report."""

    submit: Submit
    cancelled: threading.Event = field(default_factory=threading.Event)


class Server:
    """One conversation over a pair of byte streams."""

    def __init__(self, commands: BinaryIO, reports: BinaryIO,
                 handlers: Mapping[str, Handler], idle_s: float | None = None,
                 release: Callable[[], None] = loaded_model.drop,
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
        """What the main thread is to do; waits for it. None if the conversation is to end."""
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
                idle_s = self._idle_s if loaded_model.pipeline is not None else None
                if not self._changed.wait(idle_s) and not self._queue:
                    return self._drop
        return None

    def _work(self, job: _Job) -> None:
        self._send(self._run_job(job))
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
        with self._changed:
            self._greeted = True
            self._changed.notify()

    def _submit(self, command: Submit) -> None:
        if not command.job:
            # What is told of a job without a name would be told of the engine itself.
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


def _load(library: str) -> None:
    """On the main thread, and not beside a job: two threads may see each other's modules half
    imported. A job that comes meanwhile waits no longer than for what it would load itself.
    """
    with suppress(Exception):  # the job that needs it tells what is wrong with it
        importlib.import_module(library, __package__)


def _failed(job: str, error: EngineError) -> Failed:
    return Failed(job, error.code.value, error.message, error.hint)
