# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the resources of a process, and checks that they do not grow with the number of jobs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

JOBS = int(os.environ.get("ZERO123_SOAK_JOBS", "300"))
SHARE_OF_WARMING_UP = 0.2
"""Share of the jobs during which libraries and allocators may still allocate memory."""
GROWTH = 0.05


@dataclass(frozen=True)
class Footprint:
    """The resources of a process."""

    memory_mb: float
    handles: int
    children: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        folder = Path(f"/proc/{pid}")
        status = (folder / "status").read_text()
        children = sum(len((task / "children").read_text().split())
                       for task in (folder / "task").iterdir())
        return cls(int(status.partition("VmRSS:")[2].split()[0]) / 1024,
                   len(list((folder / "fd").iterdir())), children)

    def check_growth(self, later: Footprint) -> None:
        """Check that handles and child processes do not increase, and memory hardly does."""
        assert later.memory_mb < self.memory_mb * (1 + GROWTH)
        assert (later.handles, later.children) == (self.handles, self.children)


def jobs_to_warm_up(kinds: int) -> int:
    """The number of jobs after which the growth is measured, if `kinds` kinds of jobs alternate."""
    return max(round(JOBS * SHARE_OF_WARMING_UP), kinds)
