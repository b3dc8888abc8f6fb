# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are killed at random moments: every job ends once, and nothing finished is lost.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest
from boundary import terminals
from rounds import SOAK, rounds
from test_disk import KINDS, content
from test_engine_ends import seconds_until_gone
from tiny_text_pipeline import save_tiny_text_pipeline

from engine import client as client_module
from engine.client import EngineClient, engine_command
from engine.protocol import Done, ErrorCode, Failed, Message
from engine.requests import RenderRequest, Request, TextRequest, TrainRequest
from engine.training.shards import RenderedObject, write_shard

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
PATIENCE_S = 120.0
LATEST_S = rounds(1, 8)
"""Seconds after its submission at which a job's process dies at the latest: the short session's
kills fall mostly on the libraries' loading, the long one's on every stage."""
ALL = [*KINDS, "text", "train", *["render"] * (find_spec("bpy") is not None)]
OURS = ("segment",)
"""Kinds of jobs that the short session finishes, too."""
TIMED = (".json", ".jsonl", ".log", "training.png")
"""Ends of the names of files that are different each time."""
HELPERS_GONE_S = 30.0
"""For a Blender that renders, which has to have started before it can notice."""
GONE_S = 3.0
"""A second, as test_engine_ends asks for, and more while other programs keep the processor busy."""


@pytest.fixture(autouse=True)
def no_circuit_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stop what is done here on purpose."""
    monkeypatch.setattr(client_module, "START_WINDOW_S", 0.0)


Make = Callable[[str, Path], Request]
"""The request of a kind, with its result in a folder."""


@pytest.fixture(scope="module")
def make(tiny_model: Path, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Requests that start from what is in a folder of their own."""
    given = tmp_path_factory.mktemp("given")
    text_model = save_tiny_text_pipeline(given)
    for name in ("models", "shards"):
        (given / name).mkdir()
    (given / "models" / "roof.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    rgba = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 4), np.uint8)
    pose = np.array([[0, 10, 1.8], [90, 20, 1.9]], np.float32)
    write_shard(given / "shards" / "000.tar", [RenderedObject("thing", rgba, pose, {})])

    def make(kind: str, folder: Path) -> Request:
        out = str(folder / kind / "result")
        match kind:
            case "text":
                return TextRequest(prompt="a chair", model=str(text_model), steps=2, device="cpu",
                                   keep_background=True, out=out + ".png")
            case "render":
                return RenderRequest(models=str(given / "models"), views=2, size=16, samples=1,
                                     device="cpu", out=out)
            case "train":
                return TrainRequest(data=str(given / "shards"), model=str(tiny_model), steps=4,
                                    batch_size=2, preview_every=2, device="cpu", out=out)
        return KINDS[kind](str(picture), str(tiny_model), folder / kind)

    return make


def made(folder: Path) -> dict[str, bytes]:
    """All that stands under a final name; of what tells of times only the presence."""
    return {name: b"" if name.endswith(TIMED) else data
            for name, data in content(folder).items()
            if not any(part.startswith(".") for part in Path(name).parts)}


def test_a_killed_engine_loses_nothing(make: Make, tmp_path: Path) -> None:
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
    """What is reported until all jobs have ended or the time is up."""
    messages: list[Message] = []
    deadline = time.monotonic() + seconds
    while client.jobs and time.monotonic() < deadline:
        messages += client.poll()
        time.sleep(0.005)
    return messages


PARENT = """
import json, sys, time
sys.path.insert(0, {root!r})
from engine.client import EngineClient, engine_command
client = EngineClient(engine_command(sys.executable))
client.submit({kind!r}, json.loads({request!r}))
print(client.pid, flush=True)
while True:
    client.poll()
    time.sleep(0.01)
"""


def test_a_killed_parent_leaves_no_orphan_and_no_half_result(
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
