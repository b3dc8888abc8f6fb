# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arbitrary JSON files and lines to the engine give a right result or a clear error."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import DEEP, JUNK, altered, texts
from helpers.boundary import LONG_JOB_SERVER
from hypothesis import example, given
from hypothesis import strategies as st
from rounds import fuzz, outcome

from engine.batch.inputs import Item
from engine.batch.manifest import Manifest, State
from engine.core.errors import EngineError, ErrorCode
from engine.core.protocol import (
    TERMINAL,
    Accepted,
    Failed,
    Hello,
    Message,
    Shutdown,
    Submit,
    decode,
    encode,
)
from engine.core.reporting import SilentReporter
from engine.core.requests import (
    REQUEST_FILE,
    REQUESTS,
    Request,
    ViewsRequest,
    load_request,
    save_request,
)
from engine.imaging.view_set import ViewSet
from engine.jobs import run as jobs

# Lines to a real server.


class Conversation:
    """A real server in a separate process."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(LONG_JOB_SERVER, cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self._jobs = 0

    def say(self, line: bytes) -> list[Message]:
        """The server's answers to a line, after it has processed everything."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._jobs += 1
        last = f"last-{self._jobs}"
        submission = {"type": "submit", "job": last, "kind": "count", "request": {"steps": 0}}
        self.process.stdin.write(line + b"\n" + json.dumps(submission).encode() + b"\n")
        self.process.stdin.flush()
        answers: list[Message] = []
        while not (answers and getattr(answers[-1], "job", None) == last
                   and isinstance(answers[-1], TERMINAL)):
            answer = self.process.stdout.readline()
            assert answer, "the engine has ended"
            answers.append(decode(answer.decode()))
        return [message for message in answers if getattr(message, "job", None) != last]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    conversation = Conversation(tmp_path_factory.mktemp("server"))
    yield conversation
    conversation.process.stdin.close()  # type: ignore[union-attr]
    assert conversation.process.wait(20) == 0


def ends_conversation(line: bytes) -> bool:
    """Whether the server should end after this line."""
    try:
        return isinstance(decode(line.decode("utf-8", "replace")), (Shutdown, Hello))
    except EngineError:
        return False


def is_endless_job(line: bytes) -> bool:
    """Whether the line requests a job of 2**63 steps, which is a valid request."""
    try:
        message = decode(line.decode("utf-8", "replace"))
    except EngineError:
        return False
    steps = message.request.get("steps") if isinstance(message, Submit) else 0
    return isinstance(steps, int) and steps > 1000


SUBMIT = {"type": "submit", "job": "a", "kind": "count", "request": {"steps": 1}}
CANCEL = {"type": "cancel", "job": "a"}
LINES = (st.binary(max_size=60) | texts(SUBMIT) | texts(CANCEL)).map(
    lambda line: line.replace(b"\n", b" ").replace(b"\r", b" ")).filter(
        lambda line: line.strip() and not ends_conversation(line) and not is_endless_job(line))


@fuzz(120, 5000)
@given(line=LINES)
@example(line=json.dumps({**SUBMIT, "job": ""}).encode())
def test_server_executes_or_refuses_any_line(server: Conversation, line: bytes) -> None:
    answers = server.say(line)
    accepted = [message.job for message in answers if isinstance(message, Accepted)]
    ends = [message.job for message in answers if isinstance(message, TERMINAL) and message.job]
    assert sorted(ends) == sorted(accepted)
    refusals = [message for message in answers if isinstance(message, Failed) and not message.job]
    assert len(refusals) + len(accepted) <= 1
    assert all(message.code == ErrorCode.PROTOCOL.value and message.hint for message in refusals)


@fuzz(60, 3000)
@given(data=st.data())
def test_server_runs_or_refuses_any_request(server: Conversation, data: st.DataObject) -> None:
    """For the kinds that start from an image, which does not exist, so that no job gets far."""
    kind = data.draw(st.sampled_from(["views", "reconstruct", "segment", "prepare", "elevation"]))
    request = data.draw(altered(REQUESTS[kind](image="none.png", out="here/result").to_dict()))
    line = json.dumps({"type": "submit", "job": "a", "kind": kind, "request": request})
    (end,) = [message for message in server.say(line.encode()) if isinstance(message, TERMINAL)]
    assert isinstance(end, Failed)
    assert end.code in ("bad-input", "disk", "protocol"), end
    assert end.hint
    assert len(end.message) < 2000


# Files.


@pytest.fixture(scope="module")
def view_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = np.zeros((2, 16, 16, 4), np.float32)
    images[:, 4:12, 4:12] = 1
    folder = tmp_path_factory.mktemp("views")
    ViewSet(images, np.array([0.0, 90.0]), np.zeros(2), np.full(2, 1.85), np.zeros(2, int),
            meta={"image": "a.png", "model": "nano", "seed": 0, "input": {
                "elevation_deg": 0.0, "radius": 1.85, "fov_deg": 49.13}}).save(folder)
    return folder


@fuzz(150, 10_000)
@given(data=st.data())
def test_any_views_file_is_loaded_or_refused(view_folder: Path, data: st.DataObject) -> None:
    whole = json.loads((view_folder / "views.json").read_text())
    path = view_folder / "changed.json"
    path.write_bytes(data.draw(texts(whole)))
    result = outcome(ViewSet.load, path)
    if isinstance(result, EngineError):
        assert result.code is ErrorCode.BAD_INPUT
    else:
        assert np.isfinite(result.camera_to_world).all()
        assert result.images.shape[1:] == (16, 16, 4)


@fuzz(80, 5000)
@given(data=st.data())
def test_any_request_record_is_read_or_ignored(tmp_path: Path,
                                                          data: st.DataObject) -> None:
    request = ViewsRequest(image="a.png", azimuth=[10.0], out=str(tmp_path))
    save_request(request, tmp_path)
    whole = json.loads((tmp_path / REQUEST_FILE).read_text())
    (tmp_path / REQUEST_FILE).write_bytes(data.draw(texts(whole)))
    loaded = outcome(load_request, tmp_path)
    assert loaded is None or isinstance(loaded, Request)


@fuzz(80, 5000)
@given(data=st.data())
def test_batch_resumes_from_any_status_file(tmp_path: Path, picture: Path,
                                               data: st.DataObject) -> None:
    """Its content may be lost; it is rebuilt from the results."""
    folder = tmp_path / "batch"
    shutil.rmtree(folder, ignore_errors=True)
    request = ViewsRequest(image=str(picture), out=str(folder / "ball"))
    manifest = Manifest(folder, [Item("ball", "ball.png", str(picture), request)])
    manifest.open()
    manifest.set_state(manifest.items[0], State.FAILED, 1.0,
                       EngineError(ErrorCode.DISK, "full", "empty it"))
    whole = json.loads(manifest.path.read_text())
    whole["items"][0].update(seconds=1.0, ended=2e9)
    manifest.path.write_bytes(data.draw(texts(whole)))
    outcome(manifest.is_settled, manifest.items[0])
    outcome(manifest.open)
    outcome(manifest.set_state, manifest.items[0], State.DONE, 2.0)
    assert manifest.entries()["ball"].state is State.DONE


@fuzz(40, 2000)
@given(data=st.data())
def test_any_batch_result_record_is_read_or_ignored(
        tmp_path: Path, picture: Path, data: st.DataObject) -> None:
    request = ViewsRequest(image=str(picture), out=str(tmp_path / "ball"))
    item = Item("ball", "ball.png", str(picture), request)
    manifest = Manifest(tmp_path, [item])
    (tmp_path / "ball").mkdir(exist_ok=True)
    (tmp_path / "ball" / "views.json").write_text("{}")
    manifest.record(item, 1.0, tmp_path / "ball")
    record = tmp_path / "ball" / REQUEST_FILE
    whole = json.loads(record.read_text()) | {"ended": 2e9}
    record.write_bytes(data.draw(texts(whole)))
    outcome(manifest.open)
    assert manifest.entries()["ball"].state in (State.DONE, State.WAITING)


@fuzz(60, 3000)
@given(values=JUNK | altered(ViewsRequest(image="a", out="b").to_dict()))
def test_any_settings_are_accepted_or_refused(values: Any) -> None:
    if isinstance(values, dict):
        outcome(ViewsRequest.from_dict, values)


@pytest.mark.parametrize("field", ["image", "out", "views", "model"])
@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "y/" * 3000, "\ud800\udfff", "/dev/null/x"])
def test_impossible_path_is_refused(tmp_path: Path, picture: Path, field: str,
                                          path: str) -> None:
    import engine.reconstruction  # noqa: F401 - whose seconds are not to be counted

    values = {"image": str(picture), "out": str(tmp_path / "out"), field: path}
    result = outcome(lambda: jobs.run(REQUESTS["reconstruct"].from_dict(
        {"model": "no such model", **values}), SilentReporter()))
    assert isinstance(result, EngineError)
    assert [file.name for file in tmp_path.iterdir()] == []


@fuzz(10, 10)
@given(line=DEEP)
def test_deeply_nested_message_is_refused(line: str) -> None:
    with pytest.raises(EngineError):
        decode(line)


def test_deeply_nested_request_is_refused() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    result = outcome(ViewsRequest.from_dict, {"image": deep, "out": "b"})
    assert isinstance(result, EngineError)
    assert encode(Failed("a", result.code.value, result.message, result.hint))
