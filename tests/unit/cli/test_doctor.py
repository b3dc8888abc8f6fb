# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of `doctor` and the problems that it detects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from engine.cli import doctor
from engine.core.errors import ErrorCode
from engine.setup.backends import Backend, locks_digest
from engine.setup.environment import RECORD_FILE, ROOT


def run(python: Path | str = sys.executable, *options: str,
        **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-m", "engine", "doctor", *options], cwd=ROOT, check=False,
                          env={**os.environ, **variables}, capture_output=True, text=True)


def lines(output: str) -> dict[str, str]:
    return {line[:20].strip(): line[20:].strip() for line in output.splitlines()}


def test_doctor_report_leaves_out_the_user(tmp_path: Path) -> None:
    home = tmp_path / "a-private-name"
    home.mkdir()
    result = run(HOME=str(home), HTTPS_PROXY="http://user:secret@proxy.example:1",
                 XDG_DATA_HOME=str(home / "data"))
    assert result.returncode == 0, result.stderr
    report = lines(result.stdout)
    assert {"zero123", "system", "python", "environment", "torch", "drivers", "device", "fields",
            "models", "disk of models"} <= set(report)
    assert report["problem"] == "none"
    assert report["fields"].startswith("device cuda" if torch.cuda.is_available() else "device cpu")
    assert report["proxy"] == "set in HTTPS_PROXY"
    assert report["models"] == "~/data/zero123/models"
    assert "a-private-name" not in result.stdout
    assert "secret" not in result.stdout


def test_doctor_json_has_the_same_report(tmp_path: Path) -> None:
    messages = [json.loads(line) for line in run(sys.executable, "--json").stdout.splitlines()]
    log, done = messages
    assert "problem" in lines(log["text"])
    assert [model["name"] for model in done["result"]["models"]] == ["nano"]
    assert done["result"]["free_memory_mb"] <= done["result"]["memory_mb"]


def test_doctor_describes_an_own_environment(tmp_path: Path) -> None:
    """An environment without libraries, whose locks have changed since, and a stopped
    installation.
    """
    engine = tmp_path / "engine"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", engine], check=True)
    (tmp_path / "engine.new").mkdir()
    recipe = {"python": sys.executable, "installer": "uv", "backend": "cuda"}
    expected = {"up to date": locks_digest(Backend.CUDA), "created by another version": "0" * 16}
    for age, locks in expected.items():
        (engine / RECORD_FILE).write_text(json.dumps({**recipe, "locks": locks}))
        result = run(engine / "bin" / "python")
        assert result.returncode == ErrorCode.ENVIRONMENT.exit_code
        assert result.stderr.startswith("error environment: ")
        report = lines(result.stdout)
        assert report["environment"].startswith("for cuda, by uv, ")
        assert age in report["environment"]
        assert "stopped before its end" in report["installation"]
        assert "torch is missing" in report["problem"]


def test_doctor_reports_a_broken_torch(tmp_path: Path) -> None:
    """torch fails to import, as without a system library that it needs."""
    (tmp_path / "torch.py").write_text("raise OSError('libcuda.so: cannot open shared object')")
    result = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path[:0] = sys.argv[1:3]; "
         "from engine.cli.main import main; sys.exit(main(['doctor']))", str(tmp_path), str(ROOT)],
        check=False, capture_output=True, text=True)
    assert result.returncode == ErrorCode.ENVIRONMENT.exit_code, result.stderr
    assert "libcuda.so" in result.stderr
    assert "install the engine again" in result.stderr


def test_doctor_reports_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12_000_000))
    problem = doctor.examine().problem
    assert problem is not None
    assert problem.code is ErrorCode.DISK
    assert "12 MB free" in problem.message


@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy"])
def test_doctor_reports_a_socks_proxy(variable: str, monkeypatch: pytest.MonkeyPatch):
    from engine.cli import doctor

    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv(variable, "socks5://me:secret@127.0.0.1:9")
    found = doctor.Diagnosis()
    doctor._add_system(found)
    assert "SOCKS" in found.text and "secret" not in found.text
