# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of rounds of the fault tests, and the outcomes that they accept.

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
"""Limit of a test in seconds of processor time: other programs may delay it."""


def rounds(short: int, long: int) -> int:
    """The short or the long number of rounds, by the session."""
    return long if SOAK else short


LATEST_S = rounds(1, 8)
"""Seconds after its submission at which a job's process dies at the latest: the short session's
kills fall mostly on the libraries' loading, the long one's on every stage."""
OURS = ("segment",)
"""Kinds of jobs that the short session finishes, too."""
HELPERS_GONE_S = 30.0
"""Limit in seconds for a Blender that renders, which notices the end only after it has started."""
GONE_S = 3.0
"""Limit in seconds until processes have ended: one second, as in test_engine_ends, and a reserve
for other programs on the processor."""


def fuzz(short: int = 40, long: int = 2000) -> settings:
    """Hypothesis settings for a test with this number of examples, which resets its fixtures
    itself.
    """
    return settings(max_examples=rounds(short, long), deadline=None, suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result, or the error as it is shown to the user, which must be one that the user can act
    on.
    """
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
    """The peak memory of this process; `since_now` resets the peak first."""
    if since_now:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
