# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the engine's tests: an image, and a client of a server with long jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine.transport.client import EngineClient
from helpers.boundary import LONG_JOB_SERVER, PATIENCE_S


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A square cut-out: a red ball on a transparent background."""
    image = Image.new("RGBA", (192, 192), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((42, 42, 150, 150), fill=(210, 40, 30, 255))
    path = tmp_path / "ball.png"
    image.save(path)
    return path


@pytest.fixture
def client() -> Iterator[EngineClient]:
    """A client of the real server with the test's kinds of jobs."""
    with EngineClient(LONG_JOB_SERVER) as client:
        client.wait_ready(PATIENCE_S)
        client.poll()
        yield client
