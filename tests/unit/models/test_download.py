# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models from the network: a real client against a server on this computer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub.constants
import huggingface_hub.file_download
import pytest
import torch
from helpers import community_models as community
from helpers.command_line import PATIENCE_S, engine
from helpers.exploit import Exploit
from helpers.hub import COMMIT, Hub
from helpers.tiny_text_pipeline import save_tiny_text_pipeline

from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.core.request import RESUMES_HINT
from engine.models import CommercialUse, ModelInfo, find_model, load_pipeline
from engine.models.catalogue import Task
from engine.models.download import download
from engine.models.folder import verify
from engine.models.licence_store import STORE_FILE, accept_licence, pin_sha256

TINY = ModelInfo("tiny", "a tiny model", "someone/tiny", ("tiny.ckpt", "config.yaml"), "MIT",
                 CommercialUse.ALLOWED, 15_000_000)
BLOB = ModelInfo("blob", "one file", "someone/blob", ("blob.onnx",), "MIT", CommercialUse.ALLOWED,
                 5_000_000, task=Task.SEGMENTATION)
MB = 1024 * 1024
SILENT = SilentReporter()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, and a client that may use the network."""
    folder = tmp_path / "models"
    monkeypatch.setenv("ZERO123_MODELS", str(folder))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    # Its patience with a broken line; ours while testing is less.
    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda _: None)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def content() -> bytes:
    return bytes(torch.arange(5 * MB, dtype=torch.int32).to(torch.uint8).numpy())


@pytest.fixture
def hub(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub({"blob.onnx": content}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def error_of(info: ModelInfo, **options: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        download(info, SILENT, **options)  # type: ignore[arg-type]
    return caught.value


def part(models: Path) -> Path:
    (found,) = models.glob(".downloads/*/*.part")
    return found


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


def test_download_reports_unreachable_proxy(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    """In a process of its own: the client reads the proxy's name when it is made."""
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
    assert engine("models", "download", "u2netp").returncode == 0


def test_download_refuses_concurrent_download(hub: Hub):
    class Again(SilentReporter):
        code: ErrorCode | None = None

        def progress(self, stage: str, done: int, total: int) -> None:
            if self.code is None:
                self.code = error_of(BLOB).code

    reporter = Again()
    download(BLOB, reporter)
    assert reporter.code is ErrorCode.BAD_INPUT


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
    assert engine("models", "download", "u2netp").returncode == 0
    assert hub.bodies[-1].range == f"bytes={kept}-"
    assert engine("models", "verify", "u2netp").returncode == 0


def test_download_refuses_malicious_pickle(hub: Hub, models: Path,
                                           tmp_path: Path):
    mark = tmp_path / "mark"
    torch.save({"state_dict": {"weight": torch.zeros(2)}, "hook": Exploit(mark)},
               tmp_path / "evil.ckpt")
    hub.files["evil.ckpt"] = (tmp_path / "evil.ckpt").read_bytes()
    info = replace(TINY, files=("evil.ckpt",))
    error = error_of(info)
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert "system, which no weights need" in error.message
    assert not mark.exists()
    assert not info.installed
    assert not list(models.rglob("evil*")), "nothing of it is left"
    assert not json.loads((models / STORE_FILE).read_text())["pinned_sha256"]


class TestWholeRepositories:
    REPO = ModelInfo("converted", "a conversion", "someone/converted", (), "MIT",
                     CommercialUse.ALLOWED, 15_000_000)

    @staticmethod
    def serve(hub: Hub, folder: Path) -> None:
        hub.files = {path.relative_to(folder).as_posix(): path.read_bytes()
                     for path in folder.rglob("*") if path.is_file()}

    @pytest.fixture
    def theirs(self, tiny_model: Path, tmp_path: Path) -> Path:
        return community.as_bennyguo(tiny_model, tmp_path / "theirs")

    def test_download_of_conversion_verifies(self, hub: Hub, theirs: Path):
        self.serve(hub, theirs)
        hub.files |= {"unet/diffusion_pytorch_model.bin": b"the same again", "README.md": b"read"}
        download(self.REPO, SILENT)
        fetched = {request.path.partition(f"/{COMMIT}/")[2] for request in hub.bodies}
        assert "clip_camera_projection/diffusion_pytorch_model.safetensors" in fetched
        assert not fetched & {"unet/diffusion_pytorch_model.bin", "README.md"}
        assert verify("converted")
        assert load_pipeline("converted", "cpu").config.pose_encoding == "zero123"

    def test_download_names_incomplete_repository(self, hub: Hub, theirs: Path):
        shutil.rmtree(theirs / "vae")
        self.serve(hub, theirs)
        error = error_of(self.REPO)
        assert error.code is ErrorCode.MODEL_MISSING
        assert "vae is missing" in error.message

    def test_download_of_repository_resumes_at_the_file(self, hub: Hub, theirs: Path):
        self.serve(hub, theirs)

        class Stop(SilentReporter):
            def progress(self, stage: str, done: int, total: int) -> None:
                if len(hub.bodies) > 3:
                    raise JobCancelled

        with pytest.raises(JobCancelled):
            download(self.REPO, Stop())
        already = {request.path for request in hub.bodies[:3] if "/resolve/" in request.path}
        count = len(hub.bodies)
        download(self.REPO, SILENT)
        assert not already & {request.path for request in hub.bodies[count:]}

    def test_download_of_text_model_uses_half_precision(self, hub: Hub, models: Path,
                                                        tmp_path: Path):
        theirs = save_tiny_text_pipeline(tmp_path)
        for file in list(theirs.rglob("*.safetensors")):
            community.halve(file, file.with_name(f"{file.stem}.fp16.safetensors"))
        self.serve(hub, theirs)
        folder = download(replace(self.REPO, name="text", task=Task.TEXT), SILENT)
        assert folder == models / "text"
        weights = [path.name for path in folder.rglob("*.safetensors")]
        assert weights
        assert all(".fp16." in name for name in weights)
        assert verify("text")


class TestHuggingFaceCache:
    """What is there is not fetched again; the hub of these tests is not even asked."""

    def test_download_uses_cached_checkpoint(self, shared_dir: Path, tmp_path: Path, hub: Hub):
        golden = shared_dir / "golden"
        folder = tmp_path / "published"
        folder.mkdir()
        shutil.copy(golden / "checkpoint.ckpt", folder / "tiny.ckpt")
        shutil.copy(golden / "config.yaml", folder)
        community.in_hub_cache(folder, tmp_path / "hub", TINY.repo)
        download(TINY, SILENT)
        assert verify("tiny")
        assert not hub.requests

    def test_download_uses_cached_repository(self, tiny_model: Path, tmp_path: Path, hub: Hub):
        theirs = community.as_kxic(tiny_model, tmp_path / "theirs")
        info = TestWholeRepositories.REPO
        community.in_hub_cache(theirs, tmp_path / "hub", info.repo)
        download(info, SILENT)
        assert verify("converted")
        assert not hub.requests

    def test_download_ignores_damaged_cache(self, tmp_path: Path, hub: Hub, content: bytes):
        folder = tmp_path / "published"
        folder.mkdir()
        (folder / "blob.onnx").write_bytes(content[:-1] + b"x")
        link = community.in_hub_cache(folder, tmp_path / "hub", BLOB.repo) / "blob.onnx"
        stored = link.resolve().rename(link.resolve().with_name("0" * 64))
        link.unlink()
        link.symlink_to(stored)
        assert download(BLOB, SILENT).read_bytes() == content
        assert hub.bodies
