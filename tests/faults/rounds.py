# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the tests of faults try their luck, and what counts as a good end.

`nox -s tests` takes a short part; ZERO123_SOAK=1, as `nox -s soak` sets it, the long one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from engine.core.errors import ErrorCode
from engine.core.failures import as_engine_error

SOAK = bool(os.environ.get("ZERO123_SOAK"))
LONGEST_S = 5.0
"""Of the processor, not of the clock: other programs can make us wait."""


def rounds(short: int, long: int) -> int:
    """One of the numbers, by the session."""
    return long if SOAK else short


LATEST_S = rounds(1, 8)
"""Seconds after its submission at which a job's process dies at the latest: the short session's
kills fall mostly on the libraries' loading, the long one's on every stage."""
OURS = ("segment",)
"""Kinds of jobs that the short session finishes, too."""
HELPERS_GONE_S = 30.0
"""For a Blender that renders, which has to have started before it can notice."""
GONE_S = 3.0
"""A second, as test_engine_ends asks for, and more while other programs keep the processor busy."""


def fuzz(short: int = 40, long: int = 2000) -> settings:
    """Settings for a test with so many examples. The fixtures it uses are its own to reset."""
    return settings(max_examples=rounds(short, long), deadline=None, suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result, or the error as a person is told of it, which must be one that can be mended."""
    start = time.process_time()
    try:
        result = function(*arguments, **options)
    except Exception as error:
        result = as_engine_error(error)
        if result.code is ErrorCode.INTERNAL:
            raise
        assert result.message
        assert result.hint
        assert len(str(result)) < 20_000  # a path alone may have thousands of characters
    assert time.process_time() - start < LONGEST_S
    return result


def peak_memory_mb(since_now: bool = False) -> float:
    """The most that this process has held in memory; `since_now` starts the count anew."""
    if since_now:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
