# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a rendering process: finds it, sends it tasks, and restarts it after crashes.

Standard library only.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import EngineError, ErrorCode
from ...core.processes import NO_WINDOW
from ...setup.environment import engine_environment, isolated_python

SCRIPT = Path(__file__).with_name("in_blender.py")
VARIABLE = "ZERO123_BLENDER"
"""Environment variable with the path of the program."""


class ModelFailed(Exception):
    """A model that cannot be rendered, with the reason."""


@dataclass(frozen=True)
class RenderTask:
    """One object to render."""

    model: str
    """Path of a .glb, .gltf, .obj, .fbx or .blend file."""
    folder: str
    """Receives 000.png, 000.npy, 001.png, ..."""
    cameras: list[list[list[float]]]
    """(v, 4, 4), camera to world."""
    light: dict[str, Any]
    """The area light: "watts", "location" (XYZ), "size" (side of the square)."""
    size: int
    """Side of an image, pixels."""
    samples: int
    """Cycles samples per pixel."""
    threads: int
    """CPU threads of Cycles."""
    device: str
    """"auto", "cpu", "cuda" or "mps"."""


def find_blender(program: str = "") -> str:
    """The Blender, or Python with bpy, to render with.

    It is the given program, otherwise that of the variable `VARIABLE`, this Python if it has bpy,
    or the Blender on the PATH.

    Raises:
        EngineError: `ENVIRONMENT` if there is none.
    """
    program = program or os.environ.get(VARIABLE, "")
    if not program:
        here = sys.executable if importlib.util.find_spec("bpy") else None
        program = here or shutil.which("blender") or ""
    found = shutil.which(program) if program else None
    if found is None:
        problem = f"{program} can't be started" if program else "no Blender was found for rendering"
        raise EngineError(ErrorCode.ENVIRONMENT, problem,
                          "give the program, or a Python with bpy, with --blender")
    return found


class RenderProcess:
    """A Blender that renders one object at a time, started on demand and again after a crash.

    One thread at a time may use it; `stop` may be called from any thread.
    """

    def __init__(self, program: str, log: Path, time_limit_s: float) -> None:
        self._command = _command(program)
        self._log = log
        self._time_limit_s = time_limit_s
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def render(self, task: RenderTask) -> None:
        """Render an object.

        Raises:
            ModelFailed: the model cannot be used, or Blender crashed or hung.
            EngineError: `ENVIRONMENT` if Blender cannot be started.
        """
        process = self._running()
        assert process.stdin is not None
        limit = threading.Timer(self._time_limit_s, process.kill)
        limit.start()
        try:
            process.stdin.write(json.dumps(asdict(task)) + "\n")
            process.stdin.flush()
            reply = self._read(process)
        except OSError:
            reply = None
        finally:
            hung = not limit.is_alive()
            limit.cancel()
        if reply is None:
            self._process = None
            status = process.wait()
            raise ModelFailed(f"it took longer than {self._time_limit_s:g} s" if hung
                              else f"Blender crashed on it (status {status})")
        if "error" in reply:
            raise ModelFailed(str(reply["error"]))

    def stop(self) -> None:
        """End the process at once."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        try:
            with self._log.open("a") as log:
                process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    text=True, encoding="utf-8", env=engine_environment(),
                    creationflags=NO_WINDOW)
        except OSError as error:
            raise self._useless(str(error)) from error
        self._process = process
        if self._stopped:
            process.kill()
        greeting = self._read(process)
        if greeting is None or "version" not in greeting:
            process.kill()
            raise self._useless(f"it ended with status {process.wait()}")
        return process

    @staticmethod
    def _read(process: subprocess.Popen[str]) -> dict[str, Any] | None:
        """The next answer; None when the process has ended. Lines that Blender prints before the
        script redirects its output are skipped."""
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        return None

    def _useless(self, reason: str) -> EngineError:
        return EngineError(ErrorCode.ENVIRONMENT,
                           f"{self._command[0]} can't be used as Blender: {reason}",
                           f"see {self._log}, or give another one with --blender")


def _command(program: str) -> list[str]:
    if Path(program).name.lower().startswith("python"):
        return [*isolated_python(program), str(SCRIPT)]
    return [program, "--background", "--factory-startup", "--disable-autoexec",
            "--python-exit-code", "1", "--python", str(SCRIPT)]
