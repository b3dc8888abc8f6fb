# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fields are optimised: on the CPU, unless a GPU has shown that it does the same, faster.

There, libraries that are installed take over what they have shown to do as torch does, faster.
Nothing is tried without a CUDA device. With one, processes of their own compare, once for each
device and versions of torch and the libraries.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch

from ..environment import ROOT, user_folder
from ..outputs import staged_file
from .libraries import LIBRARIES, Use, using

LIMIT_S = 60.0
"""For a comparison: a driver that hangs must not keep a reconstruction from starting."""
TOLERANCE = 1e-3
"""Largest difference of colours, opacities, features and relative gradients."""
VERSION = 2
"""Of the comparisons; a kept result of other ones counts as none."""


@dataclass(frozen=True)
class Verdict:
    """Whether something may take over, and why."""

    taken: bool
    reason: str
    """One sentence."""


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

    @property
    def device(self) -> torch.device:
        return torch.device(self.name)

    def libraries_used(self, warn: Callable[[str], None]) -> AbstractContextManager[Use]:
        """While fields are optimised there. One that fails is given up: `warn` is told."""
        return using(self.device, self.used, warn)

    def without(self, failures: dict[str, str]) -> Place:
        """The same once libraries have failed there; what they said, by their names."""
        told = {name: f"{self.libraries[name]}, given up: {failure}"
                for name, failure in failures.items()}
        return replace(self, used=[name for name in self.used if name not in failures],
                       libraries={**self.libraries, **told})

    def report(self) -> dict[str, str]:
        """For `doctor` and report.json."""
        if not self.reason:
            return {"device": self.name}
        return {"device": self.name, "reason": self.reason, **self.libraries}


def place_of_fields(device: torch.device) -> Place:
    """For a job whose networks compute on `device`."""
    if device.type != "cuda":
        return Place("cpu", "")
    return _tried(str(device), torch.cuda.get_device_name(device))


@cache
def _tried(device: str, name: str) -> Place:
    """The kept result for this device, or a new one."""
    parts = [f"torch {torch.__version__}",
             *(f"{library} {_version(library)}" for library in LIBRARIES)]
    key = ", ".join([str(VERSION), name, *parts])
    file = user_folder() / "accelerators.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        return Place(**json.loads(file.read_text(encoding="utf-8"))[key])
    place = try_device(device)
    with suppress(OSError), staged_file(file) as stage:
        stage.write_text(json.dumps({key: asdict(place)}), encoding="utf-8")
    return place


def try_device(device: str, limit_s: float = LIMIT_S,
               command: Sequence[str] | None = None) -> Place:
    """What comparisons come to. `command`: instead of our own probe of the device."""
    found = _verdict(device, "the CPU", command or _probe(device), limit_s)
    used, libraries = [], {}
    for name in LIBRARIES:
        installed = _version(name)
        verdict = Verdict(False, "")
        if installed and found.taken:
            verdict = try_library(name, device, limit_s)
        if verdict.taken:
            used.append(name)
        libraries[name] = _told(installed, verdict)
    return Place(device if found.taken else "cpu", found.reason, used, libraries)


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
        return Verdict(False, f"{name} did not answer within {limit_s:g} s")
    except OSError as error:
        return Verdict(False, f"{name} could not be tried: {error.strerror}")
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Verdict(False, f"{name} failed with exit code {found.returncode}: {last[:200]}")
    return _judged(name, usual, found.stdout)


def _judged(name: str, usual: str, output: str) -> Verdict:
    """By the probe's last line."""
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        error, seconds, before = (float(answer[name])
                                  for name in ("error", "seconds", "usual_seconds"))
    except (ValueError, TypeError, KeyError, IndexError):
        return Verdict(False, f"{name} gave no result")
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
