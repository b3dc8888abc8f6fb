# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running optimisation on disk, so that a stopped one goes on and ends with the same bytes."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

EVERY_S = 60.0


@dataclass(frozen=True)
class Checkpoints:
    """The optimisations of one reconstruction, which happen one after the other."""

    folder: Path
    key: str
    """Tells what is being reconstructed, and how; a file of something else counts as none."""
    warn: Callable[[str], None]
    """Told if a state can't be kept."""
    every_s: float = EVERY_S

    def of(self, stage: str) -> Checkpoint:
        """The one of a stage."""
        return Checkpoint(self.folder / f"{stage}.pt", self.key, self.warn, self.every_s)


class Checkpoint:
    """The state of one optimisation in one file."""

    def __init__(self, path: Path, key: str, warn: Callable[[str], None],
                 every_s: float = EVERY_S) -> None:
        self.path, self.key, self.warn, self.every_s = path, key, warn, every_s
        self._saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() - self._saved_at >= self.every_s

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None without a sound file for this key."""
        try:
            values = torch.load(self.path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
            return None
        if not isinstance(values, dict) or values.get("key") != self.key:
            return None
        return values["state"]

    def save(self, state: dict[str, Any]) -> None:
        """Write the state (tensors, numbers, strings, lists, dicts); replaces the last one.

        A disk without room is no reason to end the run itself: that is told and gone over.
        """
        partial = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"key": self.key, "state": _on_cpu(state)}, partial)
            os.replace(partial, self.path)
        except (OSError, RuntimeError) as error:  # torch's writer fails with a RuntimeError
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            self.warn(f"the work so far can't be kept for a resume: {reason}")
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        self._saved_at = time.monotonic()


def _on_cpu(value: Any) -> Any:
    """A state whose tensors are the CPU's: another device may go on with it."""
    match value:
        case torch.Tensor():
            return value.cpu()
        case dict():
            return {name: _on_cpu(part) for name, part in value.items()}
        case list():
            return [_on_cpu(part) for part in value]
    return value
