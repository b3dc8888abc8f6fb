# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of jobs through one engine: it doesn't grow. Only `nox -s soak` has the time."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rounds import SOAK
from test_disk import KINDS

from engine.client import EngineClient, engine_command
from engine.protocol import Done

pytestmark = [
    pytest.mark.skipif(not SOAK, reason="the long session does this"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")]
JOBS = int(os.environ.get("ZERO123_SOAK_JOBS", "300"))
SHARE_OF_WARMING_UP = 0.2
"""Part of the jobs in which libraries and allocators may still take their share."""
GROWTH = 0.05
KINDS_IN_TURN = "views", "segment", "prepare"


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

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


def test_hundreds_of_jobs_leave_the_engine_as_it_was(
        tiny_model: Path, picture: Path, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    warm = max(round(JOBS * SHARE_OF_WARMING_UP), len(KINDS_IN_TURN))
    with EngineClient(engine_command(sys.executable)) as client:
        for number in range(JOBS):
            kind = KINDS_IN_TURN[number % len(KINDS_IN_TURN)]
            request = KINDS[kind](str(picture), str(tiny_model), tmp_path / kind)
            end = client.wait(client.submit(kind, request), 120.0)
            assert isinstance(end, Done), end
            client.poll()
            if number == warm - 1:
                engine = Footprint.of(client.pid or 0)
                own = Footprint.of(os.getpid())
        after, own_after = Footprint.of(client.pid or 0), Footprint.of(os.getpid())
    with capsys.disabled():
        print(f"\n{JOBS} jobs: engine {engine} after {warm}, then {after}; client {own}, then "
              f"{own_after}")
    for first, last in ((engine, after), (own, own_after)):
        assert last.memory_mb < first.memory_mb * (1 + GROWTH)
        assert (last.handles, last.children) == (first.handles, first.children)
