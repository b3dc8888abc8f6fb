# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares our code with a reference, as a ratio within one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

RUNS = 5

Row = dict[str, Any]
"""A line of a table: column to value."""


def compare(what: str, reference: Callable[[], object], ours: Callable[[], object],
            runs: int = RUNS) -> Row:
    """Median times of both and the medians of their ratios.

    They run in turn, so that both meet the same disturbances, after one run that warms up.
    Processor time hardly depends on other programs.
    """
    pairs = [(measure(reference), measure(ours)) for _ in range(runs + 1)][1:]
    return {"what": what, "reference s": median(theirs.wall for theirs, _ in pairs),
            "ours s": median(own.wall for _, own in pairs),
            "share of time": median(own.wall / theirs.wall for theirs, own in pairs),
            "share of CPU time": median(own.cpu / theirs.cpu for theirs, own in pairs)}


class Seconds(NamedTuple):
    """A duration, by the clock and as processor time."""

    wall: float
    cpu: float


def measure(work: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)
