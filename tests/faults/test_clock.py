# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system clock is set forward and back repeatedly while jobs run."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.boundary import LONG, LONG_JOB_SERVER, PATIENCE_S, has, poll_until
from kinds import Make

from engine.core.protocol import Cancelled, Done, Progress
from engine.core.reporting import SilentReporter
from engine.jobs import run as jobs
from engine.transport.client import EngineClient

DAY_S = 86400.0
SERVER = [sys.executable, "-c", f"""
import itertools, runpy, sys, time
right, days = time.time, itertools.cycle(({DAY_S}, -{DAY_S}))
time.time = lambda: right() + next(days)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
""", *LONG_JOB_SERVER[1:]]
"""A command that runs an engine whose clock alternates between tomorrow and yesterday."""


@pytest.fixture(autouse=True)
def jumping_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """Makes the clock jump for this process, too, which is the client's."""
    right, days = time.time, itertools.cycle((DAY_S, -DAY_S))
    monkeypatch.setattr(time, "time", lambda: right() + next(days))
    return right


def test_jumping_clock_changes_the_time(jumping_clock: Callable[[], float]) -> None:
    assert sorted(round((time.time() - jumping_clock()) / DAY_S) for _ in range(2)) == [-1, 1]


def test_remaining_time_ignores_clock_jumps() -> None:
    with EngineClient(SERVER) as client:
        job = client.submit("count", {"steps": 60, "sleep": 0.02})
        messages = poll_until(client, has(Done, job))
    told = [message.eta_s for message in messages if isinstance(message, Progress)]
    known = [eta_s for eta_s in told if eta_s is not None]
    assert len(known) > 3
    assert all(0 <= eta_s < PATIENCE_S for eta_s in known), known


def test_wait_timeout_ignores_clock_jumps() -> None:
    with EngineClient(SERVER) as client:
        client.wait_ready(PATIENCE_S)
        job = client.submit("count", LONG)
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            client.wait(job, timeout=0.5)
        assert 0.4 < time.monotonic() - start < 5
        client.cancel(job)
        assert client.wait(job, PATIENCE_S) == Cancelled(job)


def test_report_times_ignore_clock_jumps(make: Make, tmp_path: Path) -> None:
    start = time.monotonic()
    request = make("reconstruct", tmp_path)
    jobs.run(request, SilentReporter())
    stages = json.loads(Path(request.out, "report.json").read_text())["stages"]
    assert stages
    assert all(stage["seconds"] >= 0 for stage in stages)
    assert sum(stage["seconds"] for stage in stages) < time.monotonic() - start + 1
