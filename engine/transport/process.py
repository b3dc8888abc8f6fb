# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as a child process: its pipes, its log, and how it ended. Standard library only."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..core.errors import EngineError, ErrorCode
from ..core.processes import NO_WINDOW, read_lines
from ..core.protocol import Log, Message, decode, encode

LOG_LIMIT = 1_000_000
"""Size in bytes after which the next start moves the log aside."""
TAIL_LINES = 3
"""Last lines of stderr that an error about the engine's end quotes."""
EXIT_S = 0.5
"""Seconds that a process may take from closing its stdout to its exit."""


class EngineProcess:
    """One run of the engine.

    A thread reads stdout into a queue: without it, waiting for a silent engine would block.

    Raises:
        EngineError: `ENVIRONMENT` if the process can't be started, `DISK` if its log can't be
            written.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: str | Path,
                 log_path: Path | None) -> None:
        self.ended = False
        """Whether the process has ended and all its messages have been received."""
        self._read_out = False
        self._log = _open_log(log_path)
        self._log_start = self._log.seek(0, os.SEEK_END)
        try:
            self._process = subprocess.Popen(
                command, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._log, creationflags=NO_WINDOW)
        except OSError as error:
            self._log.close()
            raise EngineError(
                ErrorCode.ENVIRONMENT,
                f"the engine can't be started with {command[0]}: {error.strerror}",
                "choose another Python for the engine in the preferences") from error
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(
            target=read_lines, args=(self._process.stdout, self._lines),
            name="zero123 engine reports", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def send(self, command: Message) -> None:
        """Write a command. If the process has died, nothing happens; `ended` becomes true."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(encode(command).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, timeout: float) -> Message | None:
        """The next report, waiting for it up to `timeout` seconds. None if there was none."""
        if not self.alive:
            self._finish_reading()
            timeout = 0.0
        try:
            line = self._lines.get(timeout > 0, timeout or None)
        except queue.Empty:
            self.ended = not self.alive
            return None
        if line is None:
            self._await_exit()
            return None
        try:
            return decode(line.decode("utf-8", "replace"))
        except EngineError as error:
            # Another program, or a library that writes to the real stdout.
            return Log("warning", str(error))

    def stop(self, timeout: float) -> list[Message]:
        """Close its stdin and wait for its end, by force after `timeout` seconds.

        Returns the last messages.
        """
        self.close_stdin()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        rest = []
        while not self.ended:
            message = self.receive(0.0)
            if message is not None:
                rest.append(message)
        return rest

    def kill(self) -> None:
        """Kill the process. `ended` becomes true when it has ended."""
        self._process.kill()

    def close(self) -> None:
        """Release the pipe and the log of a process that has ended. The reader closes its own."""
        self.close_stdin()
        self._log.close()

    def stderr_tail(self) -> str:
        """The last lines on its stderr, joined to one line; empty if there are none."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(self._log_start, end - 4096))
        lines = self._log.read().decode("utf-8", "replace").splitlines()
        return " | ".join([line.strip() for line in lines if line.strip()][-TAIL_LINES:])

    def exit_error(self) -> EngineError:
        """The error that says how the process ended, for its jobs."""
        status = self._process.returncode
        hint = "start it again"
        if status is not None and status < 0:
            reason = f"was ended by {_signal_name(-status)}"
            if -status == getattr(signal, "SIGKILL", 9):
                hint = "the system may have been short of memory: close programs and start it again"
        else:
            reason = f"ended with status {status}"
        words = self.stderr_tail()
        return EngineError(ErrorCode.ENGINE_DIED, f"the engine {reason}",
                           f"{hint}; its last output: {words}" if words else hint)

    def close_stdin(self) -> None:
        """Close its stdin, which asks it to end; reports can still come."""
        assert self._process.stdin is not None
        with suppress(OSError):  # data that was not sent is lost
            self._process.stdin.close()

    def _finish_reading(self) -> None:
        """Give the reader time, once, to empty the pipe of a dead process.

        It takes longer only if a grandchild holds the pipe open, whose output does not matter.
        """
        if not self._read_out:
            self._reader.join(EXIT_S)
            self._read_out = True

    def _await_exit(self) -> None:
        """Wait for the exit of a process that has closed its stdout; kill it after `EXIT_S`."""
        try:
            self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.ended = True


def _open_log(path: Path | None) -> IO[bytes]:
    """The file for the engine's stderr; one that has grown too long is moved aside first."""
    if path is None:
        return tempfile.TemporaryFile()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            os.replace(path, path.with_name(f"{path.stem}.old{path.suffix}"))
        return path.open("ab+")
    except OSError as error:
        raise EngineError(
            ErrorCode.DISK, f"the engine's log {path} can't be written: {error.strerror}",
            "choose a folder that you may write to") from error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
