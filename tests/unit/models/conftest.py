# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A models folder, and a server on this computer in place of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import huggingface_hub.file_download
import pytest
import torch
from helpers.downloads import MB
from helpers.hub import Hub


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, and a client that may use the network."""
    folder = tmp_path / "models"
    monkeypatch.setenv("ZERO123_MODELS", str(folder))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    # The client waits longer after a lost connection; tests must be faster.
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
