# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a job on another computer: sends its files, passes on its reports, fetches its result.

Standard library only: Blender's own Python runs this.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core import staging as outputs
from ..core.errors import EngineError, ErrorCode, JobCancelled
from ..core.protocol import Artifact, Cancelled, Failed, Log, Message, Preview, Progress
from ..core.reporting import Reporter
from ..core.request import Request
from ..core.result_place import check_result_place
from ..transport.client import EngineClient
from .archive import files_under
from .path_mapping import PathMapping, inputs
from .remote_model_cache import digest_of, local_model_folder
from .ssh_host import Files, SshHost

POLL_S = 0.25
"""Seconds between two checks whether the job was cancelled."""
READY_TIMEOUT_S = 60.0
"""Seconds that the connection and the start of the other engine may take."""
CANCEL_TIMEOUT_S = 10.0
"""Seconds that the other engine may take to stop a job before the connection is closed."""


class RemoteEngine:
    """An engine on another computer, which runs one job after the other."""

    def __init__(self, host: SshHost, idle_s: float | None = None) -> None:
        idle = [] if idle_s is None else ["--idle", f"{idle_s:g}"]
        self.host = host
        self.client = EngineClient(host.command("-m", "engine", "serve", *idle))

    def connect(self) -> None:
        """Start the other engine unless it runs.

        Raises:
            EngineError: `ENVIRONMENT` if that isn't possible, `PROTOCOL` if it is another version.
        """
        try:
            self.client.wait_ready(READY_TIMEOUT_S)
        except EngineError as error:
            if error.code is not ErrorCode.ENGINE_DIED:
                raise
            raise EngineError(
                ErrorCode.ENVIRONMENT, f"no engine could be started on {self.host.address}",
                f"try `ssh {self.host.address}` in a terminal, and check the folder and the Python "
                f"of the engine there; {error.hint}") from error

    def run(self, request: Request, reporter: Reporter) -> dict[str, Any]:
        """Run a job there. Result, files and errors are those of a local job.

        Raises:
            EngineError: as the job there; `ENGINE_DIED` if the connection breaks.
            JobCancelled: from the reporter.
        """
        if request.ADDS_TO_RESULT and request.has_result():
            raise EngineError(ErrorCode.BAD_INPUT, f"{request.out} already contains a result",
                              "a remote job can't add to it: give a new folder")
        check_result_place(request)
        self.connect()
        files, names = inputs(request)
        with tempfile.TemporaryDirectory(prefix="zero123-") as previews:
            return self._run(_Job(self, request, reporter, Path(previews)), files, names)

    def _run(self, job: _Job, files: Files, names: Mapping[str, str]) -> dict[str, Any]:
        try:
            result = job.follow(job.send(files, names))
            job.fetch()
        except EngineError as error:
            if error.code is ErrorCode.BAD_INPUT and job.request.ADDS_TO_RESULT:
                with contextlib.suppress(EngineError):
                    job.fetch()  # the part of the result that could be made
            if error.code is not ErrorCode.ENGINE_DIED:  # it may still be running there
                job.clean_up()
            raise
        except (JobCancelled, KeyboardInterrupt):
            job.clean_up()
            raise
        job.clean_up(finished=True)
        return job.mapping.to_local(result)


class _Job:
    """One job on the other computer."""

    def __init__(self, engine: RemoteEngine, request: Request, reporter: Reporter,
                 previews: Path) -> None:
        self._engine = engine
        self.request = request
        self._reporter = reporter
        self._previews = previews
        self._out = Path(request.out)
        # The same name for the same result, so that `resume` finds the kept work.
        key = f"{socket.gethostname()}\n{self._out.absolute()}"
        self._name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._folder = ""
        """The job's folder on the other computer."""
        self.mapping = PathMapping()
        self._artifacts: list[Artifact] = []
        self._step = ("send", 0, 1)

    def send(self, files: Files, names: Mapping[str, str]) -> dict[str, Any]:
        """Send the input files. Returns the request's fields with the other computer's paths."""
        try:
            self._folder = self._engine.host.put(
                self._name, files, lambda count: self._reporter.progress("send", count, len(files)))
        except OSError as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"can't read {error.filename}: {error.strerror}",
                              "check the file") from error
        values = self.request.to_dict()
        model = local_model_folder(self.request)
        if model:
            there = self._send_model(model)
            self.mapping.add(there, values["model"])
            values["model"] = there
        for field, name in names.items():
            there = f"{self._folder}/in/{name}"
            self.mapping.add(there, values[field])
            values[field] = there
        values["out"] = f"{self._folder}/out/{self._out.name}"
        self.mapping.add(values["out"], self.request.out)
        return values

    def _send_model(self, model: Path) -> str:
        """Send a model unless it is there already. Returns its folder on the other computer."""
        files = files_under(model)
        return self._engine.host.send_model(
            digest_of(model), files,
            lambda count: self._reporter.progress("send model", count, len(files)))

    def follow(self, values: dict[str, Any]) -> dict[str, Any]:
        """Run the job and pass on its reports. Returns its result."""
        client = self._engine.client
        job = client.submit(self.request.KIND, values)
        while True:
            heard: list[Message] = []
            end: Message | None = None
            with contextlib.suppress(TimeoutError):
                end = client.wait(job, POLL_S, heard.append)
            try:
                for message in heard:
                    self._pass_on(message)
                # Only the last version of an image that was overwritten meanwhile.
                for there in dict.fromkeys(m.path for m in heard if isinstance(m, Preview)):
                    self._preview(there)
                self._reporter.progress(*self._step)
            except (JobCancelled, KeyboardInterrupt):
                self._cancel(job)
                raise
            if isinstance(end, Cancelled):
                raise JobCancelled
            if isinstance(end, Failed):
                raise self._error(end)
            if end is not None:
                return end.result  # type: ignore[attr-defined]

    def fetch(self) -> None:
        """Fetch the result; it appears when all its files have arrived."""
        if self.request.OUT_IS_FOLDER:
            with outputs.staged_folder(self._out, replaces=self.request.OWN_FILES) as stage:
                self._get(stage)
                self.mapping.localise_files(stage)
        else:
            with (outputs.staged_file(self._out) as file,
                  tempfile.TemporaryDirectory(prefix=".", dir=file.parent) as folder):
                self._get(Path(folder))
                (Path(folder) / self._out.name).replace(file)
        for artifact in self._artifacts:
            self._reporter.artifact(artifact.role, Path(self.mapping.to_local(artifact.path)))

    def _get(self, folder: Path) -> None:
        self._engine.host.get(self._name, f"out/{self._out.name}", folder,
                              lambda count: self._reporter.progress("fetch", 0, 1))
        self._reporter.progress("fetch", 1, 1)

    def clean_up(self, finished: bool = False) -> None:
        """Remove the job's files there, unless it can be resumed from them."""
        if finished or not self.request.RESUMABLE:
            # If it fails, the other computer removes them after some days.
            with contextlib.suppress(EngineError):
                self._engine.host.drop(self._name)

    def _pass_on(self, message: Message) -> None:
        match message:
            case Progress():
                self._step = (message.stage, message.done, message.total)
                self._reporter.progress(*self._step)
            case Log():
                self._reporter.log(message.level, self.mapping.to_local(message.text))
            case Artifact():
                self._artifacts.append(message)

    def _preview(self, there: str) -> None:
        """Fetch and show a preview; one that no longer exists is skipped."""
        if not self._reporter.shows_previews:
            return
        here = self._previews / Path(there).name
        with (contextlib.suppress(EngineError, OSError),
              tempfile.TemporaryDirectory(dir=self._previews) as folder):
            self._engine.host.get(self._name, there.removeprefix(self._folder + "/"),
                                  Path(folder), lambda count: None)
            (Path(folder) / here.name).replace(here)
            self._reporter.preview(here)

    def _cancel(self, job: str) -> None:
        """Stop the job there; the connection is closed if it does not stop in time."""
        client = self._engine.client
        client.cancel(job)
        try:
            client.wait(job, CANCEL_TIMEOUT_S)
        except TimeoutError:
            client.stop()

    def _error(self, end: Failed) -> EngineError:
        error = end.error
        if error.code is ErrorCode.ENGINE_DIED:
            return EngineError(
                error.code, f"the connection to {self._engine.host.address} was lost, or the "
                            f"engine there has ended: {error.message}", error.hint)
        return EngineError.from_dict(self.mapping.to_local(error.to_dict()))
