# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ends of an engine: no job is lost, and no process is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from helpers.boundary import HERE, LONG, LONG_JOB_SERVER, PATIENCE_S, has, poll_until, terminals
from helpers.processes import is_alive, seconds_until_gone

from engine.core.errors import EngineError, ErrorCode
from engine.core.protocol import (
    PROTOCOL_VERSION,
    Cancelled,
    Done,
    Failed,
    Log,
    Message,
    Progress,
    Ready,
    decode,
)
from engine.transport.client import MAX_STARTS, EngineClient, engine_command


def test_client_ends_every_job_of_a_killed_engine_once(client: EngineClient):
    jobs = [client.submit("count", LONG) for _ in range(3)]
    poll_until(client, has(Progress, jobs[0]))
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    while client.running:
        time.sleep(0.001)
    messages = client.poll()
    for job in jobs:
        (end,) = terminals(messages, job)
        assert isinstance(end, Failed)
        assert end.error.code is ErrorCode.ENGINE_DIED
        assert "SIGKILL" in end.message
        assert "memory" in end.hint
    assert len(terminals(messages, "")) == 1, "the engine's own end is told, too"
    assert client.jobs == ()
    assert client.poll() == []


def test_client_receives_a_dying_engine_s_last_messages():
    chatter = '{"type": "log", "level": "info", "text": "still here"}\n' * 500
    client = rude_engine('{"type": "ready", "version": 1, "python": "3.11.7"}\n---\n' + chatter
                         + '{"type": "done", "job": "JOB", "result": {}}\nexit')
    job = client.submit("count", {})
    while client.running:
        time.sleep(0.001)
    assert terminals(client.poll(), job) == [Done(job, {})]


def test_client_wait_reports_a_dead_engine_s_stderr(client: EngineClient):
    end = client.wait(client.submit("die", {"status": 3}), PATIENCE_S)
    assert isinstance(end, Failed)
    assert end.error.code is ErrorCode.ENGINE_DIED
    assert "status 3" in end.message
    assert "the last words" in end.hint


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_client_notices_a_death_despite_an_open_pipe(client: EngineClient):
    end = client.wait(client.submit("grandchild", {}), timeout=4.0)
    assert isinstance(end, Failed)
    assert end.error.code is ErrorCode.ENGINE_DIED


def test_client_starts_a_new_engine_after_a_death(client: EngineClient):
    client.wait(client.submit("die", {"status": 1}), PATIENCE_S)
    assert not client.running
    assert isinstance(client.wait(client.submit("count", {"steps": 1}), PATIENCE_S), Done)


def test_client_limits_starts_of_a_dying_engine():
    client = EngineClient([sys.executable, "-c", "import sys; sys.exit('no torch here')"])
    for _ in range(MAX_STARTS):
        with pytest.raises(EngineError) as caught:
            client.wait_ready(PATIENCE_S)
        assert caught.value.code is ErrorCode.ENGINE_DIED
        assert "no torch here" in caught.value.hint
    with pytest.raises(EngineError) as caught:
        client.submit("count", {"steps": 1})
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "no torch here" in caught.value.hint
    assert client.jobs == ()


def test_client_does_not_count_intended_stops():
    client = EngineClient(LONG_JOB_SERVER)
    for _ in range(MAX_STARTS + 1):
        client.start()
        client.start()
        client.stop()
    assert not client.running


def test_client_reports_a_missing_program(tmp_path: Path):
    with pytest.raises(EngineError) as caught:
        EngineClient(engine_command(tmp_path / "python")).start()
    assert caught.value.code is ErrorCode.ENVIRONMENT


def test_client_stop_cancels_open_jobs():
    client = EngineClient(LONG_JOB_SERVER)
    running, queued = client.submit("count", LONG), client.submit("count", LONG)
    poll_until(client, has(Progress, running))
    client.stop()
    assert not client.running
    messages = client.poll()
    assert terminals(messages, running) == [Cancelled(running)]
    assert terminals(messages, queued) == [Cancelled(queued)]


def test_client_stop_kills_a_deaf_engine():
    client = EngineClient(LONG_JOB_SERVER)
    job = client.submit("deaf", {"seconds": 60})
    poll_until(client, has(Progress, job))
    pid = client.pid
    assert pid is not None
    client.stop(timeout=2.0)
    assert not is_alive(pid)
    assert terminals(client.poll(), job) == [Cancelled(job)]


@pytest.mark.parametrize("submission", [
    '{"type": "submit", "job": "a", "kind": "deaf", "request": {"seconds": 60}}',
    '{"type": "submit", "job": "a", "kind": "count", "request": {"steps": 9999, "sleep": 0.01}}',
])
def test_engine_ends_with_its_stdin(submission: str):
    with subprocess.Popen(LONG_JOB_SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(submission.encode() + b"\n")
        process.stdin.flush()
        while not isinstance(decode(process.stdout.readline().decode()), Progress):
            pass
        start = time.monotonic()
        process.stdin.close()
        process.wait(PATIENCE_S)
        assert time.monotonic() - start < 1.0
        assert process.returncode == 0


PARENT = """
import sys, time
sys.path.insert(0, {root!r})
from engine.transport.client import EngineClient
client = EngineClient({command!r})
client.submit("deaf", {{"seconds": 60}})
while not any(message.TYPE == "progress" for message in client.poll()):
    time.sleep(0.01)
print(client.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_engine_ends_with_its_parent(project_root: Path):
    script = PARENT.format(root=str(project_root), command=LONG_JOB_SERVER)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        assert is_alive(engine)
        parent.kill()
        assert seconds_until_gone(engine) < 1.0


# Versions and manners.


def rude_engine(lines: str) -> EngineClient:
    return EngineClient([sys.executable, str(HERE / "rude_engine.py"), textwrap.dedent(lines)])


def test_client_refuses_another_protocol_version():
    client = rude_engine('{"type": "ready", "version": 99, "python": "3.11.7"}')
    job = client.submit("count", {"steps": 1})
    end = client.wait(job, PATIENCE_S)
    assert isinstance(end, Failed)
    assert end.error.code is ErrorCode.PROTOCOL
    assert "update" in end.hint
    assert not client.running
    with pytest.raises(EngineError) as caught:
        client.wait_ready(PATIENCE_S)
    assert caught.value.code is ErrorCode.PROTOCOL


def test_server_refuses_another_protocol_version():
    process = subprocess.run(
        LONG_JOB_SERVER, input=b'{"type": "hello", "version": 99}\n', capture_output=True,
        timeout=PATIENCE_S, check=False)
    failure = decode(process.stdout.decode())
    assert isinstance(failure, Failed)
    assert (failure.job, failure.code) == ("", ErrorCode.PROTOCOL.value)
    assert failure.hint
    assert process.returncode == ErrorCode.PROTOCOL.exit_code


def test_client_passes_on_why_the_engine_refuses():
    client = rude_engine("""\
        {"type": "failed", "job": "", "code": "protocol", "message": "too old", "hint": "update"}
        exit""")
    job = client.submit("count", {"steps": 1})
    assert client.wait(job, PATIENCE_S) == Failed(job, "protocol", "too old", "update")
    assert client.poll() == [Failed("", "protocol", "too old", "update")]


def test_client_drops_messages_after_a_job_s_end():
    client = rude_engine("""\
        {"type": "ready", "version": 1, "python": "3.11.7"}
        ---
        {"type": "done", "job": "JOB", "result": {"first": true}}
        {"type": "progress", "job": "JOB", "stage": "ghost", "done": 1, "total": 2}
        {"type": "failed", "job": "JOB", "code": "internal", "message": "second"}
        {"type": "done", "job": "stranger", "result": {}}
        not a message at all
        {"type": "log", "level": "info", "text": "the end"}""")
    job = client.submit("count", {})
    messages = poll_until(client, lambda ms: Log("info", "the end") in ms)
    client.stop()
    assert [m for m in messages if not isinstance(m, (Ready, Log))] == [Done(job, {"first": True})]
    assert any(isinstance(m, Log) and "not a message at all" in m.text for m in messages)


def test_server_survives_invalid_commands():
    lines = ['{"type": "hello", "version": 1}', "gibberish", '{"type": "done", "job": "a"}',
             '{"type": "cancel", "job": "nobody"}', '{"type": "release"}',
             '{"type": "submit", "job": "a", "kind": "count", "request": {"steps": 1}}']
    with subprocess.Popen(LONG_JOB_SERVER, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(lines).encode() + b"\n")
        process.stdin.flush()
        messages: list[Message] = []
        while not (messages and isinstance(messages[-1], Done)):
            messages.append(decode(process.stdout.readline().decode()))
        process.stdin.close()
    refusals = [m for m in messages if isinstance(m, Failed)]
    assert len(refusals) == 2
    assert all((m.job, m.code) == ("", "protocol") for m in refusals)


def test_client_rotates_a_large_log(tmp_path: Path):
    log = tmp_path / "engine.log"
    log.write_bytes(b"old line\n" * 200_000)
    with EngineClient(LONG_JOB_SERVER, log_path=log) as client:
        client.wait_ready(PATIENCE_S)
    assert log.stat().st_size < 1000
    assert (tmp_path / "engine.old.log").stat().st_size == 1_800_000


def test_client_keeps_python_s_variables_from_the_engine(tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "json.py").write_text("raise RuntimeError('a stranger library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    with EngineClient(engine_command(sys.executable)) as client:
        assert client.wait_ready(PATIENCE_S).version == PROTOCOL_VERSION
