# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images without an object, with several, or with one that the border cuts off."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest
from engine.jobs.run import run

SIDE = 256
ELLIPSES = {
    "separate objects": [(30, 90, 110, 190), (150, 80, 230, 180)],
    "may be cut off": [(120, 60, 330, 200)],
}
"""Part of the note, and the boxes of the objects in an image."""


def image_of(boxes: list[tuple[int, int, int, int]], path: Path) -> Path:
    image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    for box in boxes:
        ImageDraw.Draw(image).ellipse(box, fill=(200, 90, 40, 255))
    image.save(path)
    return path


def request(image: Path, out: Path) -> ReconstructRequest:
    return ReconstructRequest(image=str(image), out=str(out), method="direct", faces=400,
                              texture_size=64)


@pytest.mark.parametrize("note", ELLIPSES)
def test_direct_makes_a_mesh_of_a_difficult_image_and_says_so(note: str, tmp_path: Path) -> None:
    image = image_of(ELLIPSES[note], tmp_path / "image.png")
    result = run(request(image, tmp_path / "out"), SilentReporter())
    assert any(note in text for text in result["input"]["notes"])
    assert result["watertight"]
    assert (tmp_path / "out" / "mesh.glb").is_file()


def test_direct_of_one_whole_object_has_no_notes(tmp_path: Path) -> None:
    image = image_of([(50, 40, 210, 220), (10, 10, 16, 16)], tmp_path / "image.png")
    assert not run(request(image, tmp_path / "out"), SilentReporter())["input"]["notes"]


def test_direct_without_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("RGB", (SIDE, SIDE), (128, 128, 128)).save(path)
    with pytest.raises(EngineError) as caught:
        run(request(path, tmp_path / "out"), SilentReporter())
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.hint
    assert not (tmp_path / "out").exists()
