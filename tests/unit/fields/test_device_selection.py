# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device is used for fields only after a probe has shown that it gives the same results
faster."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers.other_device import pretended_device

from engine.fields import device_selection
from engine.fields.cuda import probe
from engine.fields.device_selection import FieldDevice, probe_device, select_field_device


def trial(program: str, limit_s: float = 30.0) -> FieldDevice:
    return probe_device("cuda", limit_s, [sys.executable, "-c", program])


def says(error: float, seconds: float, cpu_seconds: float = 1.0) -> str:
    answer = {"error": error, "seconds": seconds, "usual_seconds": cpu_seconds}
    return f"print('a library chatters'); print({json.dumps(json.dumps(answer))})"


def test_probe_accepts_what_agrees_and_is_faster() -> None:
    place = trial(says(1e-5, 0.25))
    assert place.device == torch.device("cuda")
    assert place.reason == "4.0 times as fast as the CPU, same to 1e-05"


@pytest.mark.parametrize(("program", "reason"), [
    (says(2e-3, 0.1), "differs from the CPU by 0.002"),
    (says(float("nan"), 0.1), "differs from the CPU by nan"),
    (says(0.0, 2.0), "takes 2.0 times as long as the CPU")])
def test_probe_rejects_what_differs_or_is_slower(program: str, reason: str) -> None:
    place = trial(program)
    assert place.device == torch.device("cpu")
    assert reason in place.reason
    assert place.report().keys() == {"device", "reason", "tinycudann", "nerfacc"}
    assert not place.failed_at


@pytest.mark.parametrize(("program", "reason"), [
    ("import os; os.abort()", "failed with exit code"),
    ("raise OSError('no kernel image')", "OSError: no kernel image"),
    ("print('nothing of use')", "gave no result"), ("print('{}')", "gave no result"),
    ("print('[1]')", "gave no result"), ("pass", "gave no result")])
def test_probe_without_an_answer_has_failed(program: str, reason: str) -> None:
    place = trial(program)
    assert place.device == torch.device("cpu")
    assert reason in place.reason
    assert place.failed_at


def test_probe_of_a_hanging_device_times_out() -> None:
    place = trial("import time; time.sleep(60)", limit_s=0.5)
    assert place.name == "cpu"
    assert place.reason == "cuda did not answer within 0.5 s"
    assert place.failed_at


def test_probe_reports_a_missing_program(tmp_path: Path) -> None:
    place = probe_device("cuda", 5.0, [str(tmp_path / "none")])
    assert "could not be tried" in place.reason


def test_select_field_device_probes_no_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_selection, "run_hidden", pytest.fail)
    for name in ("cpu", "mps"):
        assert select_field_device(torch.device(name)).report() == {"device": "cpu"}


class Sessions:
    """Sessions of an engine on a GPU; `answers` are the results of its probes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[FieldDevice] = []
        self.now, self.name = 1e9, "one"
        monkeypatch.setattr(device_selection, "probe_device", lambda device: self.answers.pop(0))
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: self.name)
        monkeypatch.setattr(device_selection.time, "time", lambda: self.now)

    def ask(self, again: bool = False) -> FieldDevice:
        return select_field_device(torch.device("cuda"), again)


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    monkeypatch.setattr(device_selection, "user_folder", lambda: tmp_path)
    yield Sessions(monkeypatch)
    device_selection._unwritten.clear()


def test_probe_result_is_stored_per_device_and_torch(sessions: Sessions, tmp_path: Path) -> None:
    sessions.answers = [FieldDevice("cuda", "fast"), FieldDevice("cpu", "differs"),
                        FieldDevice("cpu", "again")]
    assert sessions.ask().reason == "fast"
    assert sessions.ask(again=True).reason == "fast"
    sessions.name = "another"
    assert sessions.ask().reason == "differs"
    sessions.now += 1e6
    assert sessions.ask(again=True).reason == "differs"
    (tmp_path / "field_device.json").write_text("[damaged")
    assert sessions.ask().reason == "again"


def test_failed_probe_is_repeated_later_or_on_request(sessions: Sessions) -> None:
    sessions.answers = [FieldDevice("cpu", "busy", failed_at=sessions.now)]
    assert sessions.ask().reason == "busy"
    sessions.now += device_selection.RETRY_S - 1
    assert sessions.ask().reason == "busy"
    sessions.now += 1
    sessions.answers = [FieldDevice("cpu", "still busy", failed_at=sessions.now)]
    assert sessions.ask().reason == "still busy"
    sessions.answers = [FieldDevice("cuda", "fast")]
    assert sessions.ask(again=True).reason == "fast"


def test_failure_time_in_the_future_is_ignored(sessions: Sessions) -> None:
    sessions.answers = [FieldDevice("cpu", "busy", failed_at=sessions.now),
                        FieldDevice("cuda", "fast")]
    sessions.ask()
    sessions.now -= 1e6
    assert sessions.ask().reason == "fast"


def test_failed_library_is_not_used_by_later_jobs(sessions: Sessions) -> None:
    sessions.answers = [FieldDevice("cuda", "fast", ["nerfacc"], {"nerfacc": "0.5, fast"})]
    place = sessions.ask()
    with pytest.raises(KeyboardInterrupt), place.libraries_used(pytest.fail) as use:
        use.failures["nerfacc"] = "CUDA error"
        raise KeyboardInterrupt
    later = sessions.ask()
    assert later.used == []
    assert later.report()["nerfacc"] == "0.5, fast, failed since: CUDA error"
    sessions.now += device_selection.RETRY_S
    sessions.answers = [place]
    assert sessions.ask().used == ["nerfacc"]


def test_unwritable_probe_result_is_kept_in_memory(
        sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(device_selection, "user_folder", lambda: tmp_path / "file")
    sessions.answers = [FieldDevice("cuda", "fast")]
    assert sessions.ask().reason == sessions.ask().reason == "fast"


@pytest.mark.slow
def test_probe_runs_in_its_own_process() -> None:
    """The probe runs on the CPU, which agrees with itself; whether it is faster is random."""
    place = probe_device("cpu")
    assert "times as" in place.reason, place.reason


def test_probe_detects_a_device_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "RESOLUTION", 24)
    monkeypatch.setattr(probe, "IMAGE_SIZE", 16)
    with pretended_device() as device:
        assert probe.compare(device)["error"] == 0
        right = probe.render

        def wrong(field, *args):
            seen = right(field, *args)
            if field.device == device:
                seen.rgb = seen.rgb * 1.01
            return seen

        monkeypatch.setattr(probe, "render", wrong)
        assert probe.compare(device)["error"] > device_selection.TOLERANCE
