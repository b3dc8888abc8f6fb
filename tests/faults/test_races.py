# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that happen simultaneously, twice, too late or after a long pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from helpers.boundary import LONG, LONG_JOB_SERVER, PATIENCE_S, has, poll_until, terminals
from helpers.command_line import engine
from helpers.processes import is_alive
from kinds import content
from rounds import SOAK, rounds

from engine.core import locks
from engine.core import staging as outputs
from engine.core.protocol import TERMINAL, Accepted, Cancelled, Done, Message, Progress, decode
from engine.core.requests import ViewsRequest
from engine.transport.client import EngineClient, engine_command

long_only = pytest.mark.skipif(not SOAK, reason="the long session does this")


@pytest.fixture
def client() -> Iterator[EngineClient]:
    with EngineClient(LONG_JOB_SERVER) as client:
        client.wait_ready(PATIENCE_S)
        client.poll()
        yield client


def test_job_cancelled_twice_ends_once(client: EngineClient) -> None:
    for _ in range(rounds(5, 200)):
        jobs = [client.submit("count", LONG) for _ in range(2)]
        poll_until(client, has(Progress, jobs[0]))
        for job in (*jobs, *jobs):
            client.cancel(job)
        messages = poll_until(client, lambda _: not client.jobs)
        again = client.submit("count", {"steps": 1})
        messages += poll_until(client, has(Done, again))
        for job in jobs:
            assert terminals(messages, job) == [Cancelled(job)]


def test_cancel_at_the_end_of_a_job_gives_one_end(client: EngineClient) -> None:
    for number in range(rounds(60, 3000)):
        job = client.submit("count", {"steps": 20, "sleep": 0.0005})
        time.sleep(number % 20 / 1000)
        client.cancel(job)
        again = client.submit("count", {"steps": 1})
        messages = poll_until(client, has(Done, again))
        (end,) = terminals(messages, job)
        assert end in (Cancelled(job), Done(job, {"counted": 20}))


def test_server_ignores_late_and_double_cancels() -> None:
    """The client does not send late commands; another client might."""
    lines = ['{"type": "submit", "job": "a", "kind": "count", "request": {"steps": 1}}',
             *['{"type": "cancel", "job": "a"}'] * 3,
             '{"type": "submit", "job": "b", "kind": "count", "request": {"steps": 1}}']
    with subprocess.Popen(LONG_JOB_SERVER, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(lines).encode() + b"\n")
        process.stdin.flush()
        messages: list[Message] = []
        while not has(Done, "b")(messages):
            messages.append(decode(process.stdout.readline().decode()))
        process.stdin.write(b'{"type": "cancel", "job": "b"}\n{"type": "cancel", "job": "a"}\n')
        process.stdin.close()
        messages += [decode(line.decode()) for line in process.stdout]
    for job in "ab":
        assert len(terminals(messages, job)) == 1
        assert messages.index(Accepted(job)) < messages.index(terminals(messages, job)[0])


@pytest.mark.parametrize("pause_s", [0.0, 0.3, 1.0, 2.0])
def test_shutdown_while_libraries_load_is_quick(pause_s: float, tiny_model: Path, picture: Path,
                                                  tmp_path: Path) -> None:
    client = EngineClient(engine_command(sys.executable))
    job = client.submit("views", ViewsRequest(
        image=str(picture), model=str(tiny_model), out=str(tmp_path / "out"), steps=1000,
        orbit=100))
    poll_until(client, has(Accepted, job))
    time.sleep(pause_s)
    pid = client.pid
    assert pid is not None
    start = time.monotonic()
    client.stop()
    assert time.monotonic() - start < 3.0
    assert not is_alive(pid)
    assert terminals(client.poll(), job) == [Cancelled(job)]
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_suspended_engine_continues(client: EngineClient) -> None:
    job = client.submit("count", {"steps": 100, "sleep": 0.01})
    poll_until(client, has(Progress, job))
    assert client.pid is not None
    os.kill(client.pid, signal.SIGSTOP)
    try:
        time.sleep(0.2)
        client.poll()
        start = time.monotonic()
        while time.monotonic() - start < rounds(2, 30):
            before = time.monotonic()
            assert client.poll() == []
            assert time.monotonic() - before < 0.1, "poll waits for an engine that sleeps"
            time.sleep(0.1)
        assert client.running
    finally:
        os.kill(client.pid, signal.SIGCONT)
    assert client.wait(job, PATIENCE_S) == Done(job, {"counted": 100})


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_suspended_engine_can_be_stopped(client: EngineClient) -> None:
    job = client.submit("count", LONG)
    poll_until(client, has(Progress, job))
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    client.stop(timeout=1.0)
    assert not is_alive(pid)
    assert terminals(client.poll(), job) == [Cancelled(job)]


def test_suspended_engine_does_not_block_submit(client: EngineClient) -> None:
    """The pipe to the engine is limited: 64 kB on Linux."""
    assert client.pid is not None
    os.kill(client.pid, signal.SIGSTOP)
    jobs: list[str] = []
    submitting = threading.Thread(target=lambda: jobs.extend(
        client.submit("count", {"steps": 1, "note": "x" * 1000}) for _ in range(40)), daemon=True)
    submitting.start()
    submitting.join(5.0)
    assert not submitting.is_alive()
    os.kill(client.pid, signal.SIGCONT)
    messages = poll_until(client, lambda _: not client.jobs)
    assert len([message for message in messages if isinstance(message, TERMINAL)]) == 40


@long_only
def test_folder_requested_twice_holds_one_result(
        tiny_model: Path, picture: Path, tmp_path: Path) -> None:
    """Two jobs of one engine run one after the other."""
    with EngineClient(engine_command(sys.executable)) as client:
        jobs = [client.submit("views", ViewsRequest(
            image=str(picture), model=str(tiny_model), out=str(tmp_path / "out"), steps=1,
            orbit=count)) for count in (4, 2)]
        ends = [client.wait(job, 120.0) for job in jobs]
    assert all(isinstance(end, Done) for end in ends), ends
    assert sorted(path.name for path in (tmp_path / "out").glob("view_*.png")) == [
        "view_000.png", "view_001.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _windows_locks() -> ModuleType:
    """A module msvcrt, for systems that have none."""
    import fcntl

    module = ModuleType("msvcrt")
    module.LK_NBLCK = 0  # type: ignore[attr-defined]
    module.locking = (  # type: ignore[attr-defined]
        lambda number, mode, count: fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB))
    return module


def fill(stage: Path, mark: str, count: int) -> None:
    for i in range(count):
        (stage / f"view_{i:03d}.png").write_text(mark)
    (stage / "views.json").write_text(mark)


@pytest.mark.parametrize("system", [
    pytest.param("posix", marks=pytest.mark.skipif(os.name != "posix", reason="has no flock")),
    "windows"])
def test_results_in_one_folder_do_not_mix(
        system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one to finish has the folder; no file of the other is left."""
    if system == "windows":  # its lock works everywhere
        monkeypatch.setattr(locks, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", _windows_locks())
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = {"replace": os.replace, "rename": os.rename}
    for name, move in real.items():
        def slowly(source: Path, target: Path, move: Callable[..., None] = move) -> None:
            time.sleep(0.001)
            move(source, target)
        monkeypatch.setattr(outputs.os, name, slowly)
    for number in range(rounds(15, 500)):
        out = tmp_path / f"out{number}"
        barrier = threading.Barrier(2)
        errors: list[BaseException] = []

        def publish(mark: str, count: int, out: Path = out, barrier: threading.Barrier = barrier,
                    errors: list[BaseException] = errors) -> None:
            try:
                with outputs.staged_folder(out, replaces=("view_*.png",)) as stage:
                    fill(stage, mark, count)
                    barrier.wait()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=publish, args=given)
                   for given in (("a", 40), ("b", 20))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        files = content(out)
        assert len(set(files.values())) == 1
        assert len(files) in (21, 41)
        assert list(tmp_path.glob(".*")) == []


@long_only
def test_two_processes_in_one_folder_make_one_result(tiny_model: Path, picture: Path,
                                                     tmp_path: Path) -> None:
    def start(count: int) -> threading.Thread:
        def run() -> None:
            results.append(engine("views", picture, "--out", tmp_path / "out", "--model",
                                  tiny_model, "--orbit", count, "--steps", 1))
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    results: list[subprocess.CompletedProcess[str]] = []
    for thread in [start(count) for count in (5, 3)]:
        thread.join()
    assert [result.returncode for result in results] == [0, 0], results
    views = sorted(path.name for path in (tmp_path / "out").glob("view_*.png"))
    assert len(views) in (3, 5)
    assert len((tmp_path / "out" / "views.json").read_text().split('"file"')) == len(views) + 1
