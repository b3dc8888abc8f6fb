# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of jobs in one engine: it does not grow. Runs only in `nox -s soak`, because it takes
hours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from footprint import JOBS, Footprint, jobs_to_warm_up
from kinds import KINDS
from rounds import SOAK

from engine.core.protocol import Done
from engine.transport.client import EngineClient, engine_command

pytestmark = [
    pytest.mark.skipif(not SOAK, reason="the long session does this"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")]
KINDS_IN_TURN = "views", "segment", "prepare"


def test_hundreds_of_jobs_leave_the_engine_unchanged(
        tiny_model: Path, picture: Path, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    warm = jobs_to_warm_up(len(KINDS_IN_TURN))
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
    engine.check_growth(after)
    own.check_growth(own_after)
