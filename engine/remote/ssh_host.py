# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other computer: how it is reached, and how files go there and back. Standard library only."""

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
"""Where `python -m engine install` puts it on Linux."""
OPTIONS = ("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15",
           "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
"""Nobody is there to type a password, and a dead connection must be noticed."""

Files = Sequence[tuple[Path, str]]
"""Files, each with its name there."""


@dataclass(frozen=True)
class Host:
    """A computer with an ssh server, a POSIX shell and the engine."""

    address: str
    """As after `ssh` on a command line: `user@computer`, with options before it if need be."""
    folder: str = FOLDER
    """Holds the package `engine`; relative ones start in the user's home, as `~/` does."""
    python: str = PYTHON
    """Has the engine's libraries; relative ones start in `folder`."""

    @property
    def options(self) -> list[str]:
        """What tells the engine's command line of this computer: see `remote.options`."""
        return [f"--remote={self.address}", f"--remote-folder={self.folder}",
                f"--remote-python={self.python}"]

    def command(self, *arguments: str) -> list[str]:
        """The local command that runs the other computer's Python with these arguments.

        Raises:
            EngineError: `BAD_INPUT` if the address is none.
        """
        try:
            words = shlex.split(self.address, posix=os.name != "nt")
        except ValueError as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"not an address for ssh: {self.address}",
                              f"{error}; give user@computer") from error
        options = shlex.join([*isolated_python("")[1:], *arguments])
        there = f"cd {_quoted(self.folder)} && exec {_quoted(self.python)} {options}"
        return ["ssh", *OPTIONS, *words, there]

    def put(self, job: str, files: Files, step: Step) -> str:
        """Send what a job starts from. Returns the job's folder there.

        Raises:
            EngineError: `ENGINE_DIED` if the connection breaks or the disk there is full; and
                what `step` raises.
        """
        return str(self._send(files, step, "put", job)["folder"])

    def send_model(self, digest: str, files: Files, step: Step) -> str:
        """Send a model's files, unless they are there. Returns its folder there. Raises as `put`.
        """
        answer = self._send((), step, "find-model", digest)
        if not answer["there"]:
            answer = self._send(files, step, "take-model", digest)
        return str(answer["folder"])

    def get(self, job: str, name: str, folder: Path, step: Step) -> None:
        """Fetch a file, or all files of a folder, into a local folder. Raises as `put`."""
        broken: tarfile.TarError | None = None
        with self._desk("get", job, name) as process:
            assert process.stdout is not None
            for line in iter(process.stdout.readline, b""):
                if line == MARK:
                    break
            try:
                unpack(process.stdout, folder, step)
            except tarfile.TarError as error:
                broken = error  # how the process ends may tell why
        if broken is not None:
            raise EngineError(
                ErrorCode.ENGINE_DIED, f"what {self.address} sends can't be read: {broken}",
                "start the job again")

    def drop(self, job: str) -> None:
        """Remove the job's folder there."""
        with self._desk("drop", job):
            pass

    def _send(self, files: Files, step: Step, *arguments: str) -> dict[str, Any]:
        """Have files taken there. Returns the answer."""
        with self._desk(*arguments) as process:
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(BrokenPipeError), process.stdin as stream:
                pack(files, stream, step)
            answer = process.stdout.read()
        # Before it there may be what the shell says, as before a stream of files.
        return dict(json.loads(answer.splitlines()[-1]))

    @contextlib.contextmanager
    def _desk(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of `desk` there, with pipes; it has ended well after the block."""
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
    """What to say if ssh can't be started."""
    return EngineError(ErrorCode.ENVIRONMENT, f"ssh can't be started: {error.strerror}",
                       "install OpenSSH's client")


def _quoted(path: str) -> str:
    """For a POSIX shell, which is to replace `~/` by the home."""
    return f'"$HOME"/{shlex.quote(path[2:])}' if path.startswith("~/") else shlex.quote(path)
