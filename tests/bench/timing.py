# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ours against a reference, as a ratio within one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

RUNS = 5

Row = dict[str, Any]
"""A line of a table: column to value."""


def compare(what: str, reference: Callable[[], object], ours: Callable[[], object],
            runs: int = RUNS) -> Row:
    """Median times of both and the median of their ratios.

    They run in turn, so that both meet the same disturbances, after one run that warms up.
    """
    pairs = [(seconds(reference), seconds(ours)) for _ in range(runs + 1)][1:]
    return {"what": what, "reference s": median(theirs for theirs, _ in pairs),
            "ours s": median(own for _, own in pairs),
            "share of time": median(own / theirs for theirs, own in pairs)}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
