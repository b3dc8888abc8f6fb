# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs that make one image from another: `segment` and `prepare`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import names, run
from PIL import Image


def test_segment_cuts_the_object_out(tmp_path: Path):
    image = Image.new("RGB", (80, 60), "white")
    image.paste((20, 90, 160), (30, 20, 50, 40))
    image.save(tmp_path / "box.png")
    assert run("segment", tmp_path / "box.png", "--out", tmp_path / "new" / "cut.png") == 0
    with Image.open(tmp_path / "new" / "cut.png") as cut:
        alpha = np.asarray(cut)[..., 3]
    assert alpha.shape == (60, 80)
    assert alpha[30, 40] == 255
    assert alpha[5, 5] == 0
    assert names(tmp_path / "new") == ["cut.png"]


def test_prepare_cuts_out_centres_and_frames(tmp_path: Path):
    photo = Image.new("RGB", (90, 60), "white")
    photo.paste((20, 90, 160), (50, 20, 70, 50))
    photo.save(tmp_path / "box.png")
    assert run("prepare", tmp_path / "box.png", "--out", tmp_path / "seen.png",
               "--input-radius", 2.0) == 0
    with Image.open(tmp_path / "seen.png") as seen:
        rows, columns = np.nonzero(np.asarray(seen)[..., 3] > 127)
    # Centred, with the size of an object that is seen from this distance.
    assert rows.max() - rows.min() + 1 == pytest.approx(256 * 0.625 * 1.85 / 2, abs=2)
    assert rows.min() + rows.max() == pytest.approx(255, abs=2)
    assert columns.min() + columns.max() == pytest.approx(255, abs=2)


def test_prepare_shows_what_the_views_start_from(tiny_model: Path, picture: Path,
                                                 tmp_path: Path):
    assert run("prepare", picture, "--out", tmp_path / "seen.png", "--framing", "fit") == 0
    assert run("views", picture, "--out", tmp_path / "views", "--model", tiny_model,
               "--framing", "fit") == 0
    with (Image.open(tmp_path / "seen.png") as seen,
          Image.open(tmp_path / "views/input.png") as used):
        assert np.array_equal(np.asarray(seen), np.asarray(used))


def test_segment_does_not_write_over_a_folder(picture: Path, tmp_path: Path,
                                              capfd: pytest.CaptureFixture[str]):
    assert run("segment", picture, "--out", tmp_path) == 5
    assert capfd.readouterr().err.startswith("error disk: ")
