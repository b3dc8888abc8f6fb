# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine process and the jobs it runs. No bpy: callers decide when to poll."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ...engine.core.errors import EngineError
from ...engine.core.protocol import Failed, Message
from ...engine.core.requests import Request
from ...engine.remote.ssh_host import SshHost
from ...engine.setup import environment
from ...engine.transport import client as engine_client
from .jobs import Job, JobList, JobState

MODELS_VARIABLE = "ZERO123_MODELS"
"""Environment variable with the folder of downloaded models."""
ENGINE_STATES = ("Not running", "Failed", "Starting", "Working", "Ready")
"""The states as the user reads them."""


class Runner:
    """Starts the engine when it is needed, submits jobs and processes its reports."""

    def __init__(self, jobs: JobList) -> None:
        self.jobs = jobs
        self.engine_error: EngineError | None = None
        """Why the engine could not be started, or the error it reported about itself."""
        self._client: engine_client.EngineClient | None = None
        self._setup: tuple[str, str, float | None, SshHost | None] | None = None

    @property
    def engine_state(self) -> str:
        """One of `ENGINE_STATES`."""
        if self._client is None or not self._client.running:
            return "Failed" if self.engine_error else "Not running"
        if not self._client.ready:
            return "Starting"
        return "Working" if self.jobs.active() else "Ready"

    @property
    def engine_running(self) -> bool:
        """Whether the engine's process is running."""
        return self._client is not None and self._client.running

    @property
    def engine_pid(self) -> int | None:
        """The process id of the engine, if it is running."""
        return self._client.pid if self._client is not None else None

    @property
    def busy(self) -> bool:
        """Whether the engine is starting or a job is running."""
        starting = self.engine_running and self._client is not None and not self._client.ready
        return starting or bool(self.jobs.active())

    def start_engine(self, python: str, model_folder: str, log: Path,
                     own_python: Path | None = None, idle_s: float | None = None,
                     host: SshHost | None = None) -> None:
        """Start the engine unless it is running; an idle one with other settings is replaced.

        `python`: the user's choice; if empty, the environment in `own_python` is used.
        `idle_s`, `host`: see `engine_command`.

        Raises:
            EngineError: `ENVIRONMENT` if there is no Python that can run it, `DISK` if its log
                can't be written.
        """
        self.engine_error = None
        try:
            setup = (python, model_folder, idle_s, host)
            if self._client is None or (setup != self._setup and not self.jobs.active()):
                self.stop_engine()
                self._client = _new_client(python, model_folder, log, own_python, idle_s, host)
                self._setup = setup
            # A client that is kept counts its recent starts and refuses to respawn in a loop.
            self._client.start()
        except EngineError as error:
            self.engine_error = error
            raise

    def stop_engine(self) -> None:
        """Stop the engine; its jobs end with it."""
        if self._client is not None:
            self._client.stop()
            self.poll()

    def release_memory(self) -> None:
        """Release the engine's loaded model once no job is running."""
        if self._client is not None:
            self._client.release()

    def submit(self, request: Request, title: str, scene_uid: int, **plans: Any) -> Job:
        """Submit a job to the running engine. `plans`: the job's fields about its result.

        Raises:
            EngineError: The engine has ended.
        """
        if self._client is None:
            raise RuntimeError("call start_engine before submit")
        job = Job(self._client.submit(request.KIND, request), request, title, scene_uid,
                  **plans)
        self.jobs.add(job)
        return job

    def cancel(self, job: Job) -> None:
        """Request the end of a job; it comes at the job's next step."""
        if self._client is not None and not job.state.ended:
            job.state = JobState.CANCELLING
            self._client.cancel(job.id)

    def poll(self) -> bool:
        """Process the engine's reports without blocking. Returns whether anything changed."""
        if self._client is None:
            return False
        # A list, not a generator: every message must be processed.
        return any([self._receive(message) for message in self._client.poll()])

    def wait(self, job: Job) -> None:
        """Block until a job has ended. On Ctrl-C the job is cancelled.

        Raises:
            EngineError: The job failed.
        """
        if self._client is None:
            raise RuntimeError("call start_engine before wait")
        try:
            self._receive(self._client.wait(job.id, on_message=self._receive))
        except KeyboardInterrupt:
            self.cancel(job)
            raise
        if job.error is not None:
            raise job.error

    def _receive(self, message: Message) -> bool:
        """Process one message. Returns whether anything that is shown has changed."""
        job = self.jobs.get(getattr(message, "job", ""))
        if job is not None:
            return job.apply(message)
        if isinstance(message, Failed):
            self.engine_error = message.error
        return True


def _new_client(python: str, model_folder: str, log: Path,
                own_python: Path | None,
                idle_s: float | None, host: SshHost | None) -> engine_client.EngineClient:
    """A client for the engine with these settings, not started."""
    if host is not None and environment.is_python(sys.executable):
        found = Path(sys.executable)  # Blender's own Python is sufficient for passing messages on
    else:
        found = environment.find_python(python or None, own_python)
    command = engine_client.engine_command(found, idle_s, host.options if host else ())
    extra = {MODELS_VARIABLE: model_folder} if model_folder else {}
    return engine_client.EngineClient(
        command, environment={**environment.engine_environment(), **extra}, log_path=log)
