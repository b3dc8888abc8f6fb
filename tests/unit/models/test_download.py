# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads of models by a real client from a server on this computer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers.command_line import PATIENCE_S, engine, run
from helpers.downloads import BLOB, MB, SILENT, TINY, error_of, part
from helpers.exploit import Exploit
from helpers.hub import COMMIT, Hub

from engine.core.errors import ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.core.request import RESUMES_HINT
from engine.models import CommercialUse, find_model, load_pipeline
from engine.models.download import download
from engine.models.folder import verify
from engine.models.licence_store import STORE_FILE, accept_licence, pin_sha256

pytestmark = pytest.mark.usefixtures("models")


@pytest.mark.golden
def test_download_original_loads_and_verifies(shared_dir: Path, models: Path,
                                              hub: Hub):
    golden = shared_dir / "golden"
    hub.files |= {"tiny.ckpt": (golden / "checkpoint_lightning.ckpt").read_bytes(),
                  "config.yaml": (golden / "config.yaml").read_bytes()}
    folder = download(TINY, SILENT)
    assert folder == models / "tiny"
    assert verify("tiny")
    assert load_pipeline("tiny", "cpu").config.pose_encoding == "zero123"
    assert all(f"/someone/tiny/resolve/{COMMIT}/" in request.path for request in hub.bodies)
    assert not (models / ".downloads" / "tiny").exists()
    pins = json.loads((models / STORE_FILE).read_text())["pinned_sha256"]
    assert set(pins) == {"someone/tiny/tiny.ckpt", "someone/tiny/config.yaml"}
    count = len(hub.requests)
    download(TINY, SILENT)
    assert len(hub.requests) == count, "it was there already"


@pytest.mark.parametrize("plain_url", [False, True])
def test_download_resumes_after_cancellation(models: Path, hub: Hub, content: bytes,
                                             plain_url: bool):
    info = replace(BLOB, repo=f"{hub.url}/assets") if plain_url else BLOB

    class Stop(SilentReporter):
        def progress(self, stage: str, done: int, total: int) -> None:
            assert stage == "download (MB)"
            assert total == 5
            if done >= 2:
                raise JobCancelled

    with pytest.raises(JobCancelled):
        download(info, Stop())
    kept = part(models).stat().st_size
    assert 2 * MB <= kept < len(content)
    assert not info.installed
    assert download(info, SILENT).read_bytes() == content
    assert hub.bodies[-1].range == f"bytes={kept}-"


def test_download_resumes_after_repeated_disconnects(hub: Hub, content: bytes):
    hub.cut_after = 2 * MB
    assert download(BLOB, SILENT).read_bytes() == content
    assert len(hub.bodies) == 3


def test_download_restarts_without_range_support(models: Path, hub: Hub, content: bytes):
    hub.ranges = False
    hub.cut_after = 2 * MB
    error = error_of(BLOB)
    assert error.code is ErrorCode.ENVIRONMENT
    assert "resumes" in error.hint
    hub.cut_after = None
    assert download(BLOB, SILENT).read_bytes() == content


def test_download_refuses_truncated_body(models: Path, hub: Hub,
                                         content: bytes):
    hub.files["blob.onnx"] = content[:3 * MB]
    hub.announced["blob.onnx"] = content
    error = error_of(BLOB)
    assert error.code is ErrorCode.ENVIRONMENT
    assert not BLOB.installed
    hub.files["blob.onnx"] = content
    assert download(BLOB, SILENT).read_bytes() == content


@pytest.mark.parametrize("who", ["catalogue", "server", "first download"])
def test_download_discards_unexpected_content(models: Path, hub: Hub, content: bytes, who: str):
    info = replace(BLOB, sha256=("0" * 64,)) if who == "catalogue" else BLOB
    if who == "server":
        hub.announced["blob.onnx"] = content[::-1]
    if who == "first download":
        pin_sha256(info, "blob.onnx", "0" * 64)
    error = error_of(info)
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert "sha256" in error.message
    assert not info.installed
    assert not list(models.glob(".downloads/*/*.part"))


def test_download_checks_digest_without_server_digest(models: Path, hub: Hub):
    info = replace(BLOB, repo=f"{hub.url}/assets", sha256=("0" * 64,))
    assert error_of(info).code is ErrorCode.MODEL_DAMAGED
    assert not list(models.glob(".downloads/*/*.part"))


def test_download_ignores_part_of_older_content(models: Path, hub: Hub,
                                                content: bytes):
    hub.ranges = True
    hub.files["blob.onnx"] = content[::-1]

    class Stop(SilentReporter):
        def progress(self, stage: str, done: int, total: int) -> None:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        download(BLOB, Stop())
    hub.files["blob.onnx"] = content
    assert download(BLOB, SILENT).read_bytes() == content


@pytest.mark.parametrize("status", [401, 403])
def test_download_of_gated_model_explains_access(hub: Hub, status: int):
    hub.status = status
    error = error_of(replace(BLOB, gated=True))
    assert error.code is ErrorCode.MODEL_MISSING
    assert "https://huggingface.co/someone/blob" in error.hint
    assert "HF_TOKEN" in error.hint


@pytest.mark.parametrize(("status", "code"), [(404, ErrorCode.MODEL_MISSING),
                                              (500, ErrorCode.ENVIRONMENT)])
def test_download_reports_server_errors(hub: Hub, status: int, code: ErrorCode):
    hub.status = status
    assert error_of(BLOB).code is code


def test_download_reports_missing_network(monkeypatch: pytest.MonkeyPatch):
    with Hub({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
    error = error_of(BLOB)
    assert error.code is ErrorCode.ENVIRONMENT
    assert "network" in error.hint


@pytest.mark.slow
def test_download_reports_unreachable_proxy(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    """Runs in a separate process, because the client reads the proxy's name when it is created."""
    result = engine("models", "download", "u2netp",
                    env={**os.environ, "HF_ENDPOINT": "http://hub.invalid",
                         "HTTP_PROXY": "http://someone:password@127.0.0.1:9"})
    assert result.returncode == 7
    assert result.stderr.startswith("error environment: ")
    assert result.stderr.count("\n") == 1
    assert "password" not in result.stdout + result.stderr


def test_download_sends_token_to_hub_only(
        hub: Hub, content: bytes, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str], models: Path):
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    with Hub({"blob.onnx": content}) as cdn:
        hub.elsewhere = cdn.url.replace("127.0.0.1", "localhost")
        download(BLOB, SILENT)
        assert hub.requests[0].authorization == "Bearer hf_verysecret"
        assert [request.authorization for request in cdn.requests] == [None] * len(cdn.requests)
        assert cdn.bodies
        assert all("/resolve/" in request.path for request in hub.requests), "nothing else is told"
        plain = replace(BLOB, name="plain", files=("other.onnx",), repo=f"{cdn.url}/assets")
        cdn.files["other.onnx"] = b"other"
        download(plain, SILENT)
        assert cdn.requests[-1].authorization is None
    assert "secret" not in "".join(capfd.readouterr())
    texts = [path.read_bytes() for path in models.rglob("*") if path.is_file()]
    assert not any(b"hf_verysecret" in text for text in texts)


def test_download_requires_restricted_licence_once(hub: Hub, models: Path):
    info = replace(BLOB, commercial_use=CommercialUse.FORBIDDEN, licence="Ours, 1.0",
                   terms="Not for money", licence_url="https://example.org/licence")
    error = error_of(info)
    assert error.code is ErrorCode.BAD_INPUT
    assert "Ours, 1.0" in error.message
    assert "Not for money" in error.message
    assert "https://example.org/licence" in error.hint
    assert not hub.requests
    download(info, SILENT, accept_licence=True)
    info.file.unlink()
    download(info, SILENT)
    info.file.unlink()
    assert error_of(replace(info, licence="Ours, 2.0")).code is ErrorCode.BAD_INPUT


def test_licence_store_keeps_unreadable_file(models: Path, hub: Hub):
    models.mkdir()
    (models / STORE_FILE).write_text("{")
    assert error_of(BLOB).code is ErrorCode.MODEL_DAMAGED
    assert (models / STORE_FILE).read_text() == "{"
    (models / STORE_FILE).unlink()
    accept_licence(find_model("stable-zero123"))


def test_download_checks_free_space_first(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=MB))
    error = error_of(BLOB)
    assert error.code is ErrorCode.DISK
    assert not hub.bodies


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.slow
def test_download_keeps_data_when_disk_becomes_full(hub: Hub, models: Path, content: bytes,
                                                    shared_dir: Path):
    import resource

    hub.files["u2netp.onnx"] = (shared_dir / "data/models/u2netp.onnx").read_bytes()
    limit = 3_000_000
    result = engine("models", "download", "u2netp", preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (limit, limit)))
    assert result.returncode == 5, result.stderr
    assert result.stderr.startswith("error disk: ")
    assert 0 < part(models).stat().st_size <= limit
    assert run("models", "download", "u2netp") == 0


def test_download_refuses_concurrent_download(hub: Hub):
    class Again(SilentReporter):
        code: ErrorCode | None = None

        def progress(self, stage: str, done: int, total: int) -> None:
            if self.code is None:
                self.code = error_of(BLOB).code

    reporter = Again()
    download(BLOB, reporter)
    assert reporter.code is ErrorCode.BAD_INPUT


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ctrl-c", "killed", "stdin closes"])
def test_download_command_resumes_after_any_end(hub: Hub, models: Path, shared_dir: Path, way: str):
    hub.files["u2netp.onnx"] = (shared_dir / "data/models/u2netp.onnx").read_bytes()
    hub.hold_after = 2 * MB
    with subprocess.Popen(
            [sys.executable, "-m", "engine", "models", "download", "u2netp", "--attended"],
            cwd=Path(__file__).parents[3], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not any(path.stat().st_size for path in models.glob(".downloads/*/*.part")):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        if way == "ctrl-c":
            process.send_signal(signal.SIGINT)
        elif way == "killed":
            process.kill()
        else:
            process.stdin.close()
        assert process.wait(20) == (6 if way != "killed" else -signal.SIGKILL)
        error = process.stderr.read()
    if way != "killed":
        assert error == f"error cancelled: stopped before the end; {RESUMES_HINT}\n"
    kept = part(models).stat().st_size
    assert 0 < kept < len(hub.files["u2netp.onnx"])
    hub.hold_after = None
    assert run("models", "download", "u2netp") == 0
    assert hub.bodies[-1].range == f"bytes={kept}-"
    assert run("models", "verify", "u2netp") == 0


def test_download_refuses_malicious_pickle(hub: Hub, models: Path,
                                           tmp_path: Path):
    mark = tmp_path / "mark"
    torch.save({"state_dict": {"weight": torch.zeros(2)}, "hook": Exploit(mark)},
               tmp_path / "evil.ckpt")
    hub.files["evil.ckpt"] = (tmp_path / "evil.ckpt").read_bytes()
    info = replace(TINY, files=("evil.ckpt",))
    error = error_of(info)
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert "system, which weights never contain" in error.message
    assert not mark.exists()
    assert not info.installed
    assert not list(models.rglob("evil*")), "nothing of it is left"
    assert not json.loads((models / STORE_FILE).read_text())["pinned_sha256"]
