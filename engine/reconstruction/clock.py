# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing of the stages of a reconstruction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.reporting import Reporter


class Clock:
    """Times stages, and reports the progress of those that have no steps of their own."""

    def __init__(self, reporter: Reporter) -> None:
        self.stages: list[dict[str, Any]] = []
        """Finished stages in order, each {"name": str, "seconds": float}."""
        self._reporter = reporter

    @contextmanager
    def stage(self, name: str, steps: int = 0) -> Iterator[None]:
        """Time the block; with `steps` it reports its progress itself."""
        if not steps:
            self._reporter.progress(name, 0, 1)
        start = time.perf_counter()
        yield
        self.stages.append({"name": name, "seconds": round(time.perf_counter() - start, 3)})
        if not steps:
            self._reporter.progress(name, 1, 1)
