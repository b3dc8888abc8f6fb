# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine loads its libraries before the first job, without delaying commands."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.boundary import PATIENCE_S

from engine.core.protocol import Cancelled, Done
from engine.jobs import server
from engine.transport.client import EngineClient

PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
from engine.jobs.server import Server, reserve_stdin, reserve_stdout
handlers = {"loaded": lambda values, reporter: {"loaded": sorted({*sys.argv} & {*sys.modules})}}
sys.exit(Server(reserve_stdin(), reserve_stdout(), handlers, libraries=sys.argv[3:]).run())
"""
LIBRARIES = {"quick": "", "broken": "raise ImportError('not for this computer')", "other": "",
             "slow": "import time; time.sleep(30)",
             **{f"nap{i}": "import time; time.sleep(0.05)" for i in range(200)}}


@pytest.fixture
def engine(project_root: Path, tmp_path: Path):
    for name, text in LIBRARIES.items():
        (tmp_path / f"{name}.py").write_text(text)

    def start(libraries: Sequence[str]) -> EngineClient:
        client = EngineClient([sys.executable, "-c", PROGRAM, str(project_root), str(tmp_path),
                               *libraries])
        client.wait_ready(PATIENCE_S)
        return client
    return start


def loaded(client: EngineClient) -> list[str]:
    job = client.submit("loaded", {})
    end = client.wait(job, PATIENCE_S)
    assert isinstance(end, Done), end
    return end.result["loaded"]


def test_server_loads_libraries_ahead(engine):
    with engine(["quick", "broken", "other"]) as client:
        deadline = time.monotonic() + PATIENCE_S
        while (found := loaded(client)) != ["other", "quick"]:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def test_server_runs_jobs_before_loading_libraries(engine):
    with engine([*LIBRARIES][4:]) as client:
        assert len(loaded(client)) < 200


def test_server_stops_while_it_loads_libraries(engine):
    with engine(["slow"]) as client:
        time.sleep(0.2)
        job = client.submit("loaded", {})
        client.cancel(job)
        assert client.wait(job, 5.0) == Cancelled(job)
        start = time.monotonic()
        client.stop(timeout=20.0)
        assert time.monotonic() - start < 5


def test_server_libraries_exist():
    """A wrong name would go unnoticed, because a library that can't be loaded is left to the
    job.
    """
    for name in server.LIBRARIES:
        pytest.importorskip("torch", reason="needs the engine's libraries")
        server.importlib.import_module(name, "engine.jobs")
