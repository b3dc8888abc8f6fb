# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the fault tests; helpers come from the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from kinds import Make, maker
from PIL import Image, ImageDraw


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A square cut-out: a red ball on a transparent background."""
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((14, 14, 50, 50), fill=(210, 40, 30, 255))
    path = tmp_path_factory.mktemp("picture") / "ball.png"
    image.save(path)
    return path


@pytest.fixture(scope="session")
def make(tiny_model: Path, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Returns a function that makes a quick request of a kind, with its result in a folder."""
    from helpers.tiny_text_pipeline import save_tiny_text_pipeline

    given = tmp_path_factory.mktemp("given")
    return maker(given, picture, tiny_model, save_tiny_text_pipeline(given))
