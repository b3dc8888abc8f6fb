# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads of whole repositories, and checkpoints that are already in the hub's cache."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import community_models as community
from helpers.downloads import BLOB, SILENT, TINY, error_of
from helpers.hub import COMMIT, Hub
from helpers.tiny_text_pipeline import save_tiny_text_pipeline

from engine.core.errors import ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.models import CommercialUse, ModelInfo, load_pipeline
from engine.models.catalogue import Task
from engine.models.download import download
from engine.models.folder import verify

pytestmark = pytest.mark.usefixtures("models")


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
    """Existing files are not downloaded again; the hub of these tests receives no request."""

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
