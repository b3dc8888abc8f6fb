# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line is stopped from outside: by Ctrl-C, by SIGTERM, and by a closed pipe."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.command_line import ball_views, names

from engine.cli.main import main
from engine.core.protocol import Cancelled, Message, Progress, decode


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_command_ctrl_c_cleans_up(tiny_model: Path, picture: Path, tmp_path: Path):
    command = [sys.executable, "-m", "engine", "views", picture, "--out", tmp_path / "out",
               "--model", tiny_model, "--steps", "1000", "--orbit", "100", "--input-elevation",
               "10", "--json"]
    # If a shell starts the tests in the background, they and their child processes ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(list(map(str, command)), cwd=Path(__file__).parents[2], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        message: Message | None = None
        while not (isinstance(message, Progress) and message.stage == "sample"):
            message = decode(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest = [decode(line) for line in process.stdout]
        errors = process.stderr.read()
    assert process.returncode == 6
    assert isinstance(rest[-1], Cancelled)
    assert errors.startswith("error cancelled: ")
    assert errors.count("\n") == 1
    assert names(tmp_path) == [picture.name]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_command_ctrl_c_keeps_a_reconstruction_s_work(tmp_path: Path):
    """Ctrl-C the first time, a polite kill the second time."""
    given = ball_views().save(tmp_path / "given")
    command = [sys.executable, "-m", "engine", "reconstruct", "--views", given, "--json", "--out",
               tmp_path / "out", "--resolution", 32, "--device", "cpu", "--iterations"]
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def steps_until(number: signal.Signals, stop_at: int, *options: str) -> tuple[list[int], int]:
        """The reported steps and the exit code of a command that is stopped at a step."""
        steps, message = [], None
        with subprocess.Popen([*map(str, command), "4000", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
                              text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for message in map(decode, process.stdout):
                if isinstance(message, Progress) and message.stage == "fit":
                    steps.append(message.done)
                    if message.done >= stop_at:
                        process.send_signal(number)
                        stop_at = sys.maxsize
            errors = process.stderr.read()
        assert isinstance(message, Cancelled)
        assert errors.startswith("error cancelled: ")
        assert errors.count("\n") == 1
        return steps, process.returncode

    first, code = steps_until(signal.SIGINT, 5)
    assert code == 6
    resumed, code = steps_until(signal.SIGTERM, 1, "--resume")
    assert code == 6
    assert resumed[0] > first[-1]


def test_command_survives_a_closed_stdout():
    with subprocess.Popen([sys.executable, "-m", "engine", "models", "list"],
                          cwd=Path(__file__).parents[2], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(("command", "work", "hint"), [
    (["reconstruct", "a.png", "--out", "b"], "engine.jobs.run.run", "with --resume resumes"),
    (["views", "a.png", "--out", "b"], "engine.jobs.run.run", "nothing was written"),
    (["train", "denoiser", "--work", "w"], "engine.cli.scratch._train_denoiser",
     "the same command resumes"),
])
def test_command_ctrl_c_hints_at_resuming(
        command: list[str], work: str, hint: str, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, stop)
    assert main(command) == 6
    assert hint in capsys.readouterr().err
