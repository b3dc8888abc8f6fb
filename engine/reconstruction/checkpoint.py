# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a running optimisation on disk: a resumed run ends with the same bytes."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..core.errors import EngineError
from ..core.failures import first_line
from ..core.staging import staged_file

EVERY_S = 60.0
"""Seconds between two saves."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one reconstruction, one for each of its optimisations."""

    folder: Path
    key: str
    """Identifies what is reconstructed, and how; a file with another key is ignored."""
    warn: Callable[[str], None]
    """Called with a sentence if a state cannot be saved."""
    every_s: float = EVERY_S

    def of(self, stage: str) -> Checkpoint:
        """The checkpoint of a stage."""
        return Checkpoint(self.folder / f"{stage}.pt", self.key, self.warn, self.every_s)


class Checkpoint:
    """A file with the state of one optimisation."""

    def __init__(self, path: Path, key: str, warn: Callable[[str], None],
                 every_s: float = EVERY_S) -> None:
        self.path, self.key, self.warn, self.every_s = path, key, warn, every_s
        self._saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved_at >= self.every_s

    def load(self) -> dict[str, Any] | None:
        """The state saved last; None without a readable file that has this key."""
        try:
            values = torch.load(self.path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
            return None
        if not isinstance(values, dict) or values.get("key") != self.key:
            return None
        return values["state"]

    def save(self, state: dict[str, Any]) -> None:
        """Replace the saved state, which may hold tensors, numbers, strings, lists and dicts.

        If that fails, `warn` is called, the old state stays, and the optimisation continues.
        """
        try:
            with staged_file(self.path) as stage:
                torch.save({"key": self.key, "state": _on_cpu(state)}, stage)
        except (OSError, RuntimeError, EngineError) as error:  # RuntimeError: torch's writer
            self.warn(f"the progress cannot be saved for a resume: {first_line(error)}")
        self._saved_at = time.monotonic()


def _on_cpu(value: Any) -> Any:
    """The state with its tensors on the CPU, so that any device can resume from it."""
    match value:
        case torch.Tensor():
            return value.cpu()
        case dict():
            return {name: _on_cpu(part) for name, part in value.items()}
        case list():
            return [_on_cpu(part) for part in value]
    return value
