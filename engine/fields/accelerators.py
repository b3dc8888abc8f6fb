# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fields are optimised: on the CPU, unless a GPU has shown that it does the same, faster.

Nothing is tried without a CUDA device. With one, a process of its own compares it with the CPU,
once for each device and version of torch.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch

from ..environment import ROOT, user_folder
from ..outputs import staged_file

LIMIT_S = 60.0
"""For the comparison: a driver that hangs must not keep a reconstruction from starting."""
TOLERANCE = 1e-3
"""Largest difference to the CPU, of colours, opacities and relative gradients."""
VERSION = 1
"""Of the comparison; a kept result of another one counts as none."""
LIBRARIES = ("tinycudann", "nerfacc")


@dataclass(frozen=True)
class Place:
    """Where fields are optimised, and why there."""

    name: str
    """A torch device's."""
    reason: str
    """One sentence; empty if nothing was tried."""

    @property
    def device(self) -> torch.device:
        return torch.device(self.name)

    def report(self) -> dict[str, str]:
        """For `doctor` and report.json."""
        if not self.reason:
            return {"device": self.name}
        libraries = {name: _installed(name) for name in LIBRARIES}
        return {"device": self.name, "reason": self.reason, **libraries}


def place_of_fields(device: torch.device) -> Place:
    """For a job whose networks compute on `device`."""
    if device.type != "cuda":
        return Place("cpu", "")
    return _tried(str(device), torch.cuda.get_device_name(device))


@cache
def _tried(device: str, name: str) -> Place:
    """The kept result for this device, or a new one."""
    key = f"{VERSION}, {name}, torch {torch.__version__}"
    file = user_folder() / "accelerators.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        return Place(**json.loads(file.read_text(encoding="utf-8"))[key])
    place = try_device(device)
    with suppress(OSError), staged_file(file) as stage:
        stage.write_text(json.dumps({key: asdict(place)}), encoding="utf-8")
    return place


def try_device(device: str, limit_s: float = LIMIT_S,
               command: Sequence[str] | None = None) -> Place:
    """What a comparison with the CPU comes to. `command`: instead of our own probe."""
    command = command or [sys.executable, "-m", "engine.fields.probe", device]
    try:
        found = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=limit_s, check=False, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
    except subprocess.TimeoutExpired:
        return Place("cpu", f"{device} did not answer within {limit_s:g} s")
    except OSError as error:
        return Place("cpu", f"{device} could not be tried: {error.strerror}")
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Place("cpu", f"{device} failed with exit code {found.returncode}: {last[:200]}")
    return _judged(device, found.stdout)


def _judged(device: str, output: str) -> Place:
    """By the probe's last line."""
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        error, seconds, on_cpu = (float(answer[name])
                                  for name in ("error", "seconds", "cpu_seconds"))
    except (ValueError, TypeError, KeyError, IndexError):
        return Place("cpu", f"{device} gave no result")
    if not error <= TOLERANCE:  # nor if it isn't a number
        return Place("cpu", f"{device} differs from the CPU by {error:.2g}")
    if not seconds < on_cpu:
        return Place("cpu", f"{device} takes {seconds / on_cpu:.1f} times as long as the CPU")
    return Place(device, f"{on_cpu / seconds:.1f} times as fast as the CPU, same to {error:.1g}")


def _installed(name: str) -> str:
    """How it is with a library that could take over, but isn't called."""
    try:
        return f"{version(name)}, not used"
    except PackageNotFoundError:
        return "not installed"
