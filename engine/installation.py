# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the engine's own Python environment, with uv if it is there, else with venv and pip.

Built beside its final place and renamed when it is complete: an installation that fails or is
stopped leaves the earlier environment as it was. Standard library only.
"""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from .environment import (
    MINIMUM_PYTHON,
    ROOT,
    EnvironmentReport,
    describe,
    engine_environment,
    isolated_python,
    venv_python,
)
from .protocol import EngineError, ErrorCode
from .reporting import Reporter

REQUIREMENTS_FILE = ROOT / "engine" / "requirements.txt"
NEEDED_BYTES = 4_000_000_000
"""Free space asked for: 1.5 GB stay, the rest is downloads and what they unpack to."""
STEPS = 3
"""An empty environment, the libraries, the check."""
POLL_S = 0.2
LAST_LINES = 5
"""Of an installer's output that are told if it fails; its log has all."""


def install(folder: Path, reporter: Reporter, *, python: str | Path | None = None,
            wheels: Path | None = None) -> EnvironmentReport:
    """Make or replace the environment in `folder`; everything the installer says goes to its log,
    `folder` with the suffix .log.

    Args:
        python: the Python to build on; default: this one.
        wheels: folder of wheels to install from, without a network.

    Raises:
        EngineError: `DISK` without space or permission, `BAD_INPUT` without the folder of wheels,
            `ENVIRONMENT` if Python is too old, or the installer or the check of its work fails.
        JobCancelled: from the reporter, which is asked several times a second.
    """
    folder, python = folder.expanduser().absolute(), Path(python or sys.executable)
    _check_python(python)
    if wheels is not None and not wheels.is_dir():
        raise EngineError(ErrorCode.BAD_INPUT, f"there is no folder {wheels}",
                          "name the folder that holds the wheels")
    staging, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _check_space(folder.parent)
        if old.exists() and not folder.exists():  # the last installation was killed in between
            old.rename(folder)
        shutil.rmtree(staging, ignore_errors=True)
        with folder.with_suffix(".log").open("w", encoding="utf-8") as log:
            for step, command in enumerate(_commands(python, staging, wheels)):
                _run(command, log, reporter, step)
        reporter.progress("install", 2, STEPS)
        report = describe(venv_python(staging))
        report.check()
        _replace(folder, staging, old)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write the engine's Python: {error}",
                          "choose a folder that you may write to, with 4 GB free") from error
    finally:
        for leftover in (staging, old):
            shutil.rmtree(leftover, ignore_errors=True)
    reporter.progress("install", STEPS, STEPS)
    return describe(venv_python(folder))


def find_uv() -> str | None:
    """uv, a faster installer, if it is on the PATH."""
    return shutil.which("uv")


def _commands(python: Path, staging: Path, wheels: Path | None) -> list[list[str]]:
    """The two steps: an empty environment, then the libraries."""
    source = ["-r", str(REQUIREMENTS_FILE)]
    if wheels is not None:
        source += ["--no-index", "--find-links", str(wheels)]
    uv = find_uv()
    if uv:
        return [[uv, "venv", "--python", str(python), str(staging)],
                [uv, "pip", "install", "--python", str(venv_python(staging)), *source]]
    return [[*isolated_python(python), "-m", "venv", str(staging)],
            [*isolated_python(venv_python(staging)), "-m", "pip", "install", "--no-input",
             "--disable-pip-version-check", *source]]


def _replace(folder: Path, staging: Path, old: Path) -> None:
    """Put the new environment in the place of what is there, or leave that."""
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        staging.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _check_python(python: Path) -> None:
    """Whether it can be run and is new enough; `describe` raises if not."""
    describe(python)
    probe = [*isolated_python(python), "-c", "import ensurepip, venv"]
    result = subprocess.run(probe, env=engine_environment(), capture_output=True, check=False)
    if result.returncode and not find_uv():
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        raise EngineError(ErrorCode.ENVIRONMENT, f"{python} can't make environments",
                          f"install uv or its venv module, or name another Python from {wanted} on")


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise EngineError(ErrorCode.DISK, f"{folder} has {free / 1e9:.1f} GB free",
                          f"the engine's Python needs {NEEDED_BYTES / 1e9:.0f} GB to be installed")


def _run(command: Sequence[str], log: TextIO, reporter: Reporter, step: int) -> None:
    """Run an installer to its end, or stop it if the reporter says so."""
    log.write(f"$ {' '.join(command)}\n")
    process = subprocess.Popen(
        command, env=engine_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    last: deque[str] = deque(maxlen=LAST_LINES)
    try:
        while True:
            # Installers are silent for minutes; a wish to stop is noticed all the same.
            reporter.progress("install", step, STEPS)
            try:
                line = lines.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if line is None:
                break
            log.write(line)
            last.append(line.strip())
            reporter.log("info", line.strip())
    finally:
        if process.poll() is None and sys.exc_info()[0] is not None:
            process.kill()
        process.wait()
    if process.returncode:
        raise EngineError(
            ErrorCode.ENVIRONMENT,
            f"the installer failed: {' / '.join(filter(None, last)) or 'it said nothing'}",
            f"check the network, then try again; {log.name} has the whole story")


def _read_lines(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """What the process says into the queue, then None."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)
