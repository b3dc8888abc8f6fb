# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes are killed at random moments: every job ends once, and no finished result is lost.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from helpers.boundary import terminals
from helpers.processes import seconds_until_gone
from kinds import ALL, Make, made
from rounds import GONE_S, HELPERS_GONE_S, LATEST_S, OURS, SOAK, rounds

from engine.core.errors import ErrorCode
from engine.core.protocol import Done, Failed, Message
from engine.transport import client as client_module
from engine.transport.client import EngineClient, engine_command

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
PATIENCE_S = 120.0


@pytest.fixture(autouse=True)
def no_circuit_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches off the limit on starts of the engine, which these tests exceed on purpose."""
    monkeypatch.setattr(client_module, "START_WINDOW_S", 0.0)


def test_killed_engine_ends_every_job_once(make: Make, tmp_path: Path) -> None:
    chance = random.Random(0)
    kinds = ALL if SOAK else OURS
    with EngineClient(engine_command(sys.executable)) as client:
        finished = tmp_path / "finished"
        for kind in kinds:
            end = client.wait(client.submit(kind, make(kind, finished)), PATIENCE_S)
            assert isinstance(end, Done), end
        kept = made(finished)
        for number in range(rounds(10, 200)):
            kind = ALL[number % len(ALL)]
            jobs = [client.submit(kind, make(kind, tmp_path / "killed")) for _ in range(2)]
            messages = watch(client, chance.uniform(0.0, LATEST_S))
            pid = client.pid
            assert pid is not None
            helpers = psutil.Process(pid).children(recursive=True)
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            while client.running:
                time.sleep(0.005)
            assert time.monotonic() - killed < GONE_S
            assert not psutil.wait_procs(helpers, HELPERS_GONE_S)[1], "orphans of the engine"
            messages += watch(client, PATIENCE_S)
            messages += client.poll()
            for job in jobs:
                (end,) = terminals(messages, job)
                assert isinstance(end, Done) or (
                    isinstance(end, Failed) and end.error.code is ErrorCode.ENGINE_DIED), end
            assert made(finished) == kept
            for name, data in made(tmp_path / "killed").items():
                assert kept.get(name, data) == data, f"{name} is half-written"
        for kind in kinds:
            end = client.wait(client.submit(kind, make(kind, tmp_path / "killed")), PATIENCE_S)
            assert isinstance(end, Done), end
    assert {**made(tmp_path / "killed"), **kept} == made(tmp_path / "killed")


def watch(client: EngineClient, seconds: float) -> list[Message]:
    """The reports until all jobs have ended or the time limit is reached."""
    messages: list[Message] = []
    deadline = time.monotonic() + seconds
    while client.jobs and time.monotonic() < deadline:
        messages += client.poll()
        time.sleep(0.005)
    return messages


PARENT = """
import json, sys, time
sys.path.insert(0, {root!r})
from engine.transport.client import EngineClient, engine_command
client = EngineClient(engine_command(sys.executable))
client.submit({kind!r}, json.loads({request!r}))
print(client.pid, flush=True)
while True:
    client.poll()
    time.sleep(0.01)
"""


def test_killed_parent_leaves_no_orphan(
        project_root: Path, make: Make, tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(rounds(len(ALL), 200)):
        kind = ALL[number % len(ALL)]
        wanted = make(kind, tmp_path).to_dict()
        script = PARENT.format(root=str(project_root), kind=kind, request=json.dumps(wanted))
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            engine = int(parent.stdout.readline())
            time.sleep(chance.uniform(0.0, LATEST_S))
            parent.kill()
            assert seconds_until_gone(engine) < GONE_S
    before = made(tmp_path)
    with EngineClient(engine_command(sys.executable)) as client:
        for kind in ALL if SOAK else OURS:
            end = client.wait(client.submit(kind, make(kind, tmp_path)), PATIENCE_S)
            assert isinstance(end, Done), end
    after = made(tmp_path)
    assert {name: after.get(name) for name in before} == before
