# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fields are optimised: on the CPU, unless a GPU has shown that it does the same, faster.

There, libraries that are installed take over what they have shown to do as torch does, faster.
Nothing is tried without a CUDA device. With one, processes of their own compare, once for each
device and versions of torch and the libraries; what failed is tried again later.
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
from ..core.staging import staged_file
from ..setup.environment import ROOT, user_folder
from .libraries import LIBRARIES, Use, using

LIMIT_S = 60.0
"""For a comparison: a driver that hangs must not keep a reconstruction from starting."""
TOLERANCE = 1e-3
"""Largest difference of colours, opacities, features and relative gradients."""
RETRY_S = 3600.0
"""After this, what has failed is tried again: a GPU may have been busy, or full."""
VERSION = 2
"""Of the comparisons; a kept result of other ones counts as none."""


@dataclass(frozen=True)
class Verdict:
    """Whether something may take over, and why."""

    taken: bool
    reason: str
    """One sentence."""
    failed: bool = False
    """Whether there was nothing to compare, which may be otherwise the next time."""


@dataclass(frozen=True)
class Place:
    """Where fields are optimised, and why there."""

    name: str
    """A torch device's."""
    reason: str
    """One sentence; empty if nothing was tried."""
    used: list[str] = field(default_factory=list)
    """Libraries that work there."""
    libraries: dict[str, str] = field(default_factory=dict)
    """What is to be said of each, in one sentence."""
    failed_at: float = 0.0
    """When something failed, in seconds since 1970; 0 if nothing did."""
    key: str = ""
    """Names what was compared; empty if nothing was."""

    @property
    def device(self) -> torch.device:
        return torch.device(self.name)

    @contextmanager
    def libraries_used(self, warn: Callable[[str], None]) -> Iterator[Use]:
        """While fields are optimised there. One that fails is given up: `warn` is told, and the
        next jobs do without it, too."""
        with using(self.device, self.used, warn) as use:
            try:
                yield use
            finally:
                if use.failures and self.key:
                    _keep(self.without(use.failures))

    def without(self, failures: dict[str, str]) -> Place:
        """The same once libraries have failed there; what they said, by their names."""
        told = {name: f"{self.libraries[name]}, given up: {failure}"
                for name, failure in failures.items()}
        return replace(self, used=[name for name in self.used if name not in failures],
                       libraries={**self.libraries, **told},
                       failed_at=time.time() if failures else self.failed_at)

    @property
    def is_due(self) -> bool:
        """Whether something failed long enough ago, or by a clock that was wrong."""
        return bool(self.failed_at) and not 0 <= time.time() - self.failed_at < RETRY_S

    def report(self) -> dict[str, str]:
        """For `doctor` and report.json."""
        if not self.reason:
            return {"device": self.name}
        return {"device": self.name, "reason": self.reason, **self.libraries}


def place_of_fields(device: torch.device, again: bool = False) -> Place:
    """For a job whose networks compute on `device`; `again`: try now what has failed."""
    if device.type != "cuda":
        return Place("cpu", "")
    parts = [f"torch {torch.__version__}",
             *(f"{library} {_version(library)}" for library in LIBRARIES)]
    key = ", ".join([str(VERSION), torch.cuda.get_device_name(device), *parts])
    place = _kept(key)
    if place is None or place.is_due or (again and place.failed_at):
        place = replace(try_device(str(device)), key=key)
        _keep(place)
    return place


_unwritten: dict[str, Place] = {}
"""What could not be kept on disk, by its key."""


def _keep(place: Place) -> None:
    try:
        with staged_file(_file()) as stage:
            stage.write_text(json.dumps(asdict(place)), encoding="utf-8")
        _unwritten.pop(place.key, None)
    except (OSError, EngineError):
        _unwritten[place.key] = place


def _kept(key: str) -> Place | None:
    """The last result of these comparisons."""
    with suppress(OSError, ValueError, TypeError):
        place = Place(**json.loads(_file().read_text(encoding="utf-8")))
        if place.key == key and key not in _unwritten:
            return place
    return _unwritten.get(key)


def _file() -> Path:
    return user_folder() / "accelerators.json"


def try_device(device: str, limit_s: float = LIMIT_S,
               command: Sequence[str] | None = None) -> Place:
    """What comparisons come to. `command`: instead of our own probe of the device."""
    found = _verdict(device, "the CPU", command or _probe(device), limit_s)
    used, libraries, failed = [], {}, found.failed
    for name in LIBRARIES:
        installed = _version(name)
        verdict = Verdict(False, "")
        if installed and found.taken:
            verdict = try_library(name, device, limit_s)
        if verdict.taken:
            used.append(name)
        failed = failed or verdict.failed
        libraries[name] = _told(installed, verdict)
    return Place(device if found.taken else "cpu", found.reason, used, libraries,
                 time.time() if failed else 0.0)


def try_library(name: str, device: str, limit_s: float = LIMIT_S) -> Verdict:
    """What a comparison with torch on a device comes to."""
    return _verdict(name, "torch", _probe(device, name), limit_s)


def _probe(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "engine.fields.probe", *arguments]


def _verdict(name: str, usual: str, command: Sequence[str], limit_s: float) -> Verdict:
    """Whether what a command tries is to replace the usual."""
    try:
        found = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=limit_s, check=False, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
    except subprocess.TimeoutExpired:
        return Verdict(False, f"{name} did not answer within {limit_s:g} s", failed=True)
    except OSError as error:
        return Verdict(False, f"{name} could not be tried: {error.strerror}", failed=True)
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Verdict(False, f"{name} failed with exit code {found.returncode}: {last[:200]}",
                       failed=True)
    return _judged(name, usual, found.stdout)


def _judged(name: str, usual: str, output: str) -> Verdict:
    """By the probe's last line."""
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        error, seconds, before = (float(answer[name])
                                  for name in ("error", "seconds", "usual_seconds"))
    except (ValueError, TypeError, KeyError, IndexError):
        return Verdict(False, f"{name} gave no result", failed=True)
    if not error <= TOLERANCE:  # nor if it isn't a number
        return Verdict(False, f"{name} differs from {usual} by {error:.2g}")
    if not seconds < before:
        return Verdict(False, f"{name} takes {seconds / before:.1f} times as long as {usual}")
    return Verdict(True, f"{before / seconds:.1f} times as fast as {usual}, same to {error:.1g}")


def _told(installed: str, verdict: Verdict) -> str:
    """Of a library."""
    if not installed:
        return "not installed"
    if verdict.taken:
        return f"{installed}, {verdict.reason}"
    return ": ".join(filter(None, [f"{installed}, not used", verdict.reason]))


def _version(library: str) -> str:
    """Empty if it isn't installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
