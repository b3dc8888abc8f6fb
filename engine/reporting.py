# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running job talks: progress, files, and the point where cancellation takes effect."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Reporter(Protocol):
    """Handed to every job. The server sends these on; the CLI draws a bar; tests collect them."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """A step is done. Raises `JobCancelled` if the job is to stop: call it once per step."""

    def preview(self, path: Path) -> None:
        """A picture of work in progress."""

    def artifact(self, role: str, path: Path) -> None:
        """A finished file under its final name."""

    def log(self, level: str, text: str) -> None:
        """A line for the log: level "info", "warning" or "error"."""


class SilentReporter:
    """Listens to nothing: for use of the engine as a library."""

    def progress(self, stage: str, done: int, total: int) -> None: ...

    def preview(self, path: Path) -> None: ...

    def artifact(self, role: str, path: Path) -> None: ...

    def log(self, level: str, text: str) -> None: ...
