# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client and server as real processes: jobs run, fail and are cancelled."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.boundary import LONG, LONG_JOB_SERVER, PATIENCE_S, has, poll_until, terminals
from PIL import Image

from engine.core.errors import ErrorCode
from engine.core.failures import as_engine_error
from engine.core.protocol import (
    PROTOCOL_VERSION,
    Accepted,
    Artifact,
    Cancelled,
    Done,
    Failed,
    Log,
    Message,
    Progress,
    Ready,
)
from engine.core.requests import SegmentRequest
from engine.transport.client import EngineClient, engine_command

# The course of a job.


def test_job_is_accepted_progresses_and_is_done(client: EngineClient):
    job = client.submit("count", {"steps": 3})
    messages = poll_until(client, has(Done, job))
    kinds = [type(m) for m in messages]
    assert kinds[0] is Accepted
    assert kinds[-1] is Done
    last_step = next(m for m in reversed(messages) if isinstance(m, Progress))
    assert (last_step.stage, last_step.done, last_step.total) == ("count", 3, 3)
    assert messages[-1] == Done(job, {"counted": 3})
    assert client.jobs == ()


def test_server_is_ready_before_loading_libraries(project_root: Path):
    heavy = ("numpy", "torch", "PIL", "cv2", "scipy", "diffusers", "transformers")
    program = (f"import sys; sys.modules.update(dict.fromkeys({heavy})); "  # can't be imported
               "from engine.cli.main import main; sys.exit(main(['serve']))")
    with EngineClient([sys.executable, "-c", program], cwd=project_root) as client:
        ready = client.wait_ready(PATIENCE_S)
    assert ready == Ready(PROTOCOL_VERSION, ".".join(map(str, sys.version_info[:3])))


def test_server_and_client_import_no_library(project_root: Path):
    script = ("import sys; import engine.jobs.server; "
              "import engine.transport.client, engine.setup.environment; "
              "roots = {name.partition('.')[0] for name in sys.modules}; "
              "print(sorted(roots - set(sys.stdlib_module_names) - {'engine', '__main__'}))")
    # Without the start-up hooks of site-packages, so that only the engine's imports are listed.
    output = subprocess.run([sys.executable, "-S", "-c", script], cwd=project_root, check=True,
                            capture_output=True, text=True).stdout
    assert output.strip() == "[]"


def test_job_runs_with_unicode_paths(tmp_path: Path):
    folder = tmp_path / "Bücher & 猫 'n'"
    folder.mkdir()
    picture = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (16, 12, 48, 36))
    picture.save(folder / "größe.png")
    request = SegmentRequest(image=str(folder / "größe.png"), out=str(folder / "ausschnitt.png"))
    messages: list[Message] = []
    with EngineClient(engine_command(sys.executable)) as client:
        job = client.submit("segment", request)
        end = client.wait(job, PATIENCE_S, messages.append)
    assert isinstance(end, Done), end
    (artifact,) = [m for m in messages if isinstance(m, Artifact)]
    assert artifact.path == request.out
    assert Image.open(artifact.path).size == (64, 48)
    assert sorted(p.name for p in folder.iterdir()) == ["ausschnitt.png", "größe.png"]


def test_progress_is_thinned_but_keeps_the_last_step(
        client: EngineClient):
    job = client.submit("count", {"steps": 400, "sleep": 0.002})
    steps = [m for m in poll_until(client, has(Done, job)) if isinstance(m, Progress)]
    assert 5 <= len(steps) < 100
    assert steps[-1].done == 400
    assert steps[-1].eta_s == 0
    middle = steps[len(steps) // 2]
    assert middle.eta_s is not None
    assert 0 < middle.eta_s < 60


def test_jobs_run_one_after_the_other(client: EngineClient):
    first = client.submit("count", {"steps": 5, "sleep": 0.02})
    second = client.submit("count", {"steps": 1})
    messages = poll_until(client, has(Done, second))
    order = [(type(m), m.job) for m in messages if isinstance(m, (Progress, Done))]
    assert order.index((Done, first)) < order.index((Progress, second))


def test_client_wait_leaves_other_jobs_messages(client: EngineClient):
    first = client.submit("count", {"steps": 2})
    second = client.submit("count", {"steps": 2})
    mine: list[Message] = []
    assert client.wait(second, PATIENCE_S, mine.append) == Done(second, {"counted": 2})
    assert {m.job for m in mine if not isinstance(m, Log)} == {second}  # type: ignore[attr-defined]
    assert len(terminals(client.poll(), first)) == 1
    with pytest.raises(KeyError):
        client.wait(first, PATIENCE_S)


def test_client_wait_times_out_and_the_job_continues(client: EngineClient):
    job = client.submit("count", {"steps": 30, "sleep": 0.02})
    with pytest.raises(TimeoutError):
        client.wait(job, timeout=0.1)
    assert client.wait(job, PATIENCE_S) == Done(job, {"counted": 30})


# Failures.


@pytest.mark.parametrize(("error", "code"), [
    ("engine", ErrorCode.MODEL_MISSING),
    ("memory", ErrorCode.OUT_OF_MEMORY),
    ("accelerator", ErrorCode.OUT_OF_MEMORY),
    ("allocator", ErrorCode.OUT_OF_MEMORY),
    ("cublas", ErrorCode.OUT_OF_MEMORY),
    ("full disk", ErrorCode.DISK),
    ("library", ErrorCode.ENVIRONMENT),
    ("defect", ErrorCode.INTERNAL),
])
def test_server_survives_an_error_of_a_job(
        client: EngineClient, error: str, code: ErrorCode):
    end = client.wait(client.submit("fail", {"error": error}), PATIENCE_S)
    assert isinstance(end, Failed)
    assert end.error.code is code
    assert end.hint
    assert isinstance(client.wait(client.submit("count", {"steps": 1}), PATIENCE_S), Done)


def test_failure_shortens_cuda_memory_errors():
    error = as_engine_error(RuntimeError(
        "CUDA out of memory. Tried to allocate 12.00 MiB. GPU 0 has a total capacity of 7.80 GiB "
        "of which 1.42 MiB is free. Process 3495 has 848.00 MiB memory in use."))
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert error.message == ("the GPU's memory ran out: CUDA out of memory. "
                             "Tried to allocate 12.00 MiB")


def test_engine_log_has_tracebacks(tmp_path: Path):
    log = tmp_path / "engine.log"
    with EngineClient(LONG_JOB_SERVER, log_path=log) as client:
        client.wait(client.submit("fail", {"error": "defect"}), PATIENCE_S)
    assert "ValueError: what nobody thought of" in log.read_text()


@pytest.mark.parametrize(("kind", "values"), [
    ("explode", {}),
    ("views", {"image": "a.png", "out": "b", "colour": "red"}),
    ("views", {"image": "a.png", "out": "b", "steps": "many"}),
    ("views", {"image": "a.png", "out": "b", "azimuth": [float("nan")]}),
    ("views", {"out": "b"}),
    ("reconstruct", {"image": "a.png"}),
])
def test_server_refuses_an_invalid_request(client: EngineClient, kind: str, values: dict):
    end = client.wait(client.submit(kind, values), PATIENCE_S)
    assert isinstance(end, Failed)
    assert end.error.code is ErrorCode.BAD_INPUT


def test_server_keeps_prints_out_of_the_protocol(client: EngineClient):
    job = client.submit("noisy", {})
    messages = poll_until(client, has(Done, job))
    assert messages == [Accepted(job), Done(job, {"read": ""})]
    assert isinstance(client.wait(client.submit("count", {"steps": 1}), PATIENCE_S), Done)


# Cancelling.


def test_server_cancels_a_running_job_within_a_step(client: EngineClient):
    job = client.submit("count", LONG)
    poll_until(client, has(Progress, job))
    start = time.monotonic()
    client.cancel(job)
    messages = poll_until(client, has(Cancelled, job))
    assert time.monotonic() - start < 0.5
    assert terminals(messages, job) == [Cancelled(job)]


def test_server_cancels_a_queued_job_at_once(client: EngineClient):
    running = client.submit("deaf", {"seconds": 30})
    queued = client.submit("count", {"steps": 1})
    poll_until(client, has(Progress, running))
    client.cancel(queued)
    assert client.wait(queued, 2.0) == Cancelled(queued)
    assert client.jobs == (running,)


def test_client_cancel_of_ended_jobs_has_no_effect(client: EngineClient):
    job = client.submit("count", {"steps": 1})
    client.wait(job, PATIENCE_S)
    client.cancel(job)
    client.cancel("nonsense")
    again = client.submit("count", {"steps": 1})
    assert client.wait(again, PATIENCE_S) == Done(again, {"counted": 1})
    assert client.poll() == []
