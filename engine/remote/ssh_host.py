# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A computer that is reached by SSH: its commands, and the exchange of files with it.

Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..core.errors import EngineError, ErrorCode
from ..core.processes import NO_WINDOW
from ..setup.environment import isolated_python
from .archive import MARK, Step, pack, unpack

FOLDER = "~/zero123"
PYTHON = "~/.local/share/zero123/engine/bin/python"
"""Where `python -m engine install` puts the engine's Python on Linux."""
OPTIONS = ("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15",
           "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
"""Options of ssh: no questions for a password, and a dead connection is noticed."""

Files = Sequence[tuple[Path, str]]
"""Local files with their names on the other computer."""


@dataclass(frozen=True)
class SshHost:
    """A computer with an SSH server, a POSIX shell and the engine."""

    address: str
    """Argument of `ssh`: `user@computer`, after options if needed."""
    folder: str = FOLDER
    """Folder that holds the package `engine`; a relative one starts in the home folder."""
    python: str = PYTHON
    """Python with the engine's libraries; a relative path starts in `folder`."""

    @property
    def options(self) -> list[str]:
        """Options of the engine's command line that name this computer: see `cli.remote`."""
        return [f"--remote={self.address}", f"--remote-folder={self.folder}",
                f"--remote-python={self.python}"]

    def command(self, *arguments: str) -> list[str]:
        """The local command that runs the other computer's Python with these arguments.

        Raises:
            EngineError: `BAD_INPUT` if the address cannot be parsed.
        """
        try:
            words = shlex.split(self.address, posix=os.name != "nt")
        except ValueError as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"{self.address} is not an address for ssh",
                              f"{error}; give user@computer") from error
        options = shlex.join([*isolated_python("")[1:], *arguments])
        there = f"cd {_quoted(self.folder)} && exec {_quoted(self.python)} {options}"
        return ["ssh", *OPTIONS, *words, there]

    def put(self, job: str, files: Files, step: Step) -> str:
        """Send a job's input files. Returns the job's folder there.

        Raises:
            EngineError: `ENGINE_DIED` if the connection breaks or the disk there is full; and
                what `step` raises.
        """
        return str(self._send(files, step, "put", job)["folder"])

    def send_model(self, digest: str, files: Files, step: Step) -> str:
        """Send a model's files unless they are there. Returns its folder there. Raises as `put`."""
        answer = self._send((), step, "find-model", digest)
        if not answer["there"]:
            answer = self._send(files, step, "take-model", digest)
        return str(answer["folder"])

    def get(self, job: str, name: str, folder: Path, step: Step) -> None:
        """Fetch a file, or all files of a folder, into a local folder. Raises as `put`."""
        broken: tarfile.TarError | None = None
        with self._agent("get", job, name) as process:
            assert process.stdout is not None
            for line in iter(process.stdout.readline, b""):
                if line == MARK:
                    break
            try:
                unpack(process.stdout, folder, step)
            except tarfile.TarError as error:
                broken = error  # the end of the process may explain it
        if broken is not None:
            raise EngineError(
                ErrorCode.ENGINE_DIED, f"the output of {self.address} can't be read: {broken}",
                "start the job again")

    def drop(self, job: str) -> None:
        """Remove the job's folder there."""
        with self._agent("drop", job):
            pass

    def _send(self, files: Files, step: Step, *arguments: str) -> dict[str, Any]:
        """Send files to the agent. Returns its answer."""
        with self._agent(*arguments) as process:
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(BrokenPipeError), process.stdin as stream:
                pack(files, stream, step)
            answer = process.stdout.read()
        # The start-up files of the shell may print lines before it.
        return dict(json.loads(answer.splitlines()[-1]))

    @contextlib.contextmanager
    def _agent(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of `remote_agent` with pipes. A failure of the process raises at the end."""
        with tempfile.TemporaryFile() as errors:
            process = _start(self.command("-m", "engine.remote.remote_agent", *arguments), errors)
            with process:
                try:
                    yield process
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                errors.seek(0)
                words = errors.read().decode("utf-8", "replace").strip().splitlines()
                reason = f": {words[-1].strip()}" if words else ""
                raise EngineError(
                    ErrorCode.ENGINE_DIED, f"files can't be exchanged with {self.address}{reason}",
                    "check the connection and the disk there, then start the job again")


def _start(command: list[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            creationflags=NO_WINDOW)
    except OSError as error:
        raise no_ssh(error) from error


def no_ssh(error: OSError) -> EngineError:
    """The error if ssh cannot be started."""
    return EngineError(ErrorCode.ENVIRONMENT, f"ssh can't be started: {error.strerror}",
                       "install OpenSSH's client")


def _quoted(path: str) -> str:
    """A path quoted for a POSIX shell, which still replaces `~/` by the home folder."""
    return f'"$HOME"/{shlex.quote(path[2:])}' if path.startswith("~/") else shlex.quote(path)
