# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the device and the libraries that optimise fields.

The default is the CPU. A CUDA device is used only after a probe (`engine.fields.cuda.probe`) has
shown that it gives the same numbers faster; on it, an installed library is used only after the same
proof against torch. Without a CUDA device nothing is probed. Probes run in separate processes, once
for each combination of device and versions; what failed is probed again later.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ..core.errors import EngineError
from ..core.processes import run_hidden
from ..core.staging import staged_file
from ..setup.environment import ROOT, user_folder
from .cuda.libraries import LIBRARIES, LibraryUse, using

TIME_LIMIT_S = 60.0
"""Time limit of one probe, seconds: a driver that hangs must not block a reconstruction."""
TOLERANCE = 1e-3
"""Largest accepted difference of colours, opacities, features and relative gradients."""
RETRY_S = 3600.0
"""Seconds after which a failed probe is repeated: the GPU may have been busy or full."""
VERSION = 3
"""Version of the probes; results of another version are ignored."""
FILE = "field_device.json"
"""Name of the file in the user's folder that keeps the last result."""


@dataclass(frozen=True)
class ProbeResult:
    """Whether a device or library may be used, and why."""

    accepted: bool
    reason: str
    """One sentence."""
    failed: bool = False
    """True if nothing could be compared; another attempt may succeed."""


@dataclass(frozen=True)
class FieldDevice:
    """The device on which fields are optimised, and why it was chosen."""

    name: str
    """Name of the torch device."""
    reason: str
    """One sentence; empty if nothing was probed."""
    used: list[str] = field(default_factory=list)
    """Names of the libraries that work there."""
    libraries: dict[str, str] = field(default_factory=dict)
    """Library to a sentence about its state."""
    failed_at: float = 0.0
    """Time of the last failure, seconds since 1970; 0 if nothing failed."""
    key: str = ""
    """Device and versions that were probed; empty if nothing was."""

    @property
    def device(self) -> torch.device:
        """The torch device."""
        return torch.device(self.name)

    @contextmanager
    def libraries_used(self, warn: Callable[[str], None]) -> Iterator[LibraryUse]:
        """Permit the libraries while fields are optimised. If one fails, `warn` is called with the
        reason, and later jobs do not use it either.
        """
        with using(self.device, self.used, warn) as use:
            try:
                yield use
            finally:
                if use.failures and self.key:
                    _store(self.without(use.failures))

    def without(self, failures: dict[str, str]) -> FieldDevice:
        """This result after libraries have failed; `failures`: library to error message."""
        states = {name: f"{self.libraries[name]}, failed since: {failure}"
                  for name, failure in failures.items()}
        return replace(self, used=[name for name in self.used if name not in failures],
                       libraries={**self.libraries, **states},
                       failed_at=time.time() if failures else self.failed_at)

    @property
    def is_due(self) -> bool:
        """Whether the last failure is old enough to probe again, or its time lies in the future."""
        return bool(self.failed_at) and not 0 <= time.time() - self.failed_at < RETRY_S

    def report(self) -> dict[str, str]:
        """The entries for `doctor` and report.json."""
        if not self.reason:
            return {"device": self.name}
        return {"device": self.name, "reason": self.reason, **self.libraries}


def select_field_device(device: torch.device, again: bool = False) -> FieldDevice:
    """The field device for a job whose networks compute on `device`.

    `again`: probe now whatever has failed before.
    """
    if device.type != "cuda":
        return FieldDevice("cpu", "")
    parts = [f"torch {torch.__version__}",
             *(f"{library} {_version(library)}" for library in LIBRARIES)]
    key = ", ".join([str(VERSION), torch.cuda.get_device_name(device), *parts])
    result = _stored(key)
    if result is None or result.is_due or (again and result.failed_at):
        result = replace(probe_device(str(device)), key=key)
        _store(result)
    return result


_unwritten: dict[str, FieldDevice] = {}
"""Results that could not be written to disk, by their key."""


def _store(result: FieldDevice) -> None:
    try:
        with staged_file(_file()) as stage:
            stage.write_text(json.dumps(asdict(result)), encoding="utf-8")
        _unwritten.pop(result.key, None)
    except (OSError, EngineError):
        _unwritten[result.key] = result


def _stored(key: str) -> FieldDevice | None:
    """The last result with this key."""
    with suppress(OSError, ValueError, TypeError):
        result = FieldDevice(**json.loads(_file().read_text(encoding="utf-8")))
        if result.key == key and key not in _unwritten:
            return result
    return _unwritten.get(key)


def _file() -> Path:
    return user_folder() / FILE


def probe_device(device: str, limit_s: float = TIME_LIMIT_S,
                 command: Sequence[str] | None = None) -> FieldDevice:
    """Compare a device with the CPU and the installed libraries with torch on that device.

    `command`: another program than `engine.fields.cuda.probe`, for tests.
    """
    found = _run(device, "the CPU", command or _probe_command(device), limit_s)
    used, libraries, failed = [], {}, found.failed
    for name in LIBRARIES:
        installed = _version(name)
        result = ProbeResult(False, "")
        if installed and found.accepted:
            result = probe_library(name, device, limit_s)
        if result.accepted:
            used.append(name)
        failed = failed or result.failed
        libraries[name] = _state(installed, result)
    return FieldDevice(device if found.accepted else "cpu", found.reason, used, libraries,
                       time.time() if failed else 0.0)


def probe_library(name: str, device: str, limit_s: float = TIME_LIMIT_S) -> ProbeResult:
    """Compare a library with torch on a device."""
    return _run(name, "torch", _probe_command(device, name), limit_s)


def _probe_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "engine.fields.cuda.probe", *arguments]


def _run(name: str, baseline: str, command: Sequence[str], limit_s: float) -> ProbeResult:
    """Run a probe that compares `name` with `baseline`."""
    try:
        found = run_hidden(command, cwd=ROOT, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return ProbeResult(False, f"{name} did not answer within {limit_s:g} s", failed=True)
    except OSError as error:
        return ProbeResult(False, f"{name} could not be tried: {error.strerror}", failed=True)
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["no output"])[-1]
        return ProbeResult(False, f"{name} failed with exit code {found.returncode}: {last[:200]}",
                           failed=True)
    return _judge(name, baseline, found.stdout)


def _judge(name: str, baseline: str, output: str) -> ProbeResult:
    """The result that a probe's last line of output implies."""
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        error, seconds, before = (float(answer[name])
                                  for name in ("error", "seconds", "usual_seconds"))
    except (ValueError, TypeError, KeyError, IndexError):
        return ProbeResult(False, f"{name} gave no result", failed=True)
    if not error <= TOLERANCE:  # also true for NaN
        return ProbeResult(False, f"{name} differs from {baseline} by {error:.2g}")
    if not seconds < before:
        return ProbeResult(False,
                           f"{name} takes {seconds / before:.1f} times as long as {baseline}")
    return ProbeResult(
        True, f"{before / seconds:.1f} times as fast as {baseline}, same to {error:.1g}")


def _state(installed: str, result: ProbeResult) -> str:
    """One sentence about a library; `installed`: its version, empty if it is not installed."""
    if not installed:
        return "not installed"
    if result.accepted:
        return f"{installed}, {result.reason}"
    return ": ".join(filter(None, [f"{installed}, not used", result.reason]))


def _version(library: str) -> str:
    """The installed version; empty if the library is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
