# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes of mesh files: the direction of the input camera's side and of the top, and the inverse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.mesh import axes

FRONT_TOP = np.array([[1.0, 0, 0], [0, 0, 1]])
"""Towards the input camera, and up, in the engine's world."""
VECTORS = np.random.default_rng(0).normal(size=(5, 3))


def test_y_up_front_faces_plus_z() -> None:
    np.testing.assert_array_equal(axes.to_y_up(FRONT_TOP), [[0, 0, 1], [0, 1, 0]])


def test_z_up_front_faces_minus_y() -> None:
    np.testing.assert_array_equal(axes.to_z_up(FRONT_TOP), [[0, -1, 0], [0, 0, 1]])


@pytest.mark.parametrize(("there", "back"), [
    (axes.to_y_up, axes.from_y_up), (axes.to_z_up, axes.from_z_up),
    (axes.lay_down, axes.stand_upright)])
def test_axes_convert_without_mirroring(there: axes.Turn, back: axes.Turn) -> None:
    np.testing.assert_allclose(back(there(VECTORS)), VECTORS)
    assert np.linalg.det(there(np.eye(3))) == pytest.approx(1)


@pytest.mark.parametrize("up", ["y", "z"])
def test_from_file_reads_reports_of_the_engine(tmp_path: Path, up: str) -> None:
    path = tmp_path / "mesh.glb"
    written = (axes.to_y_up if up == "y" else axes.to_z_up)(VECTORS)
    (tmp_path / "report.json").write_text(json.dumps({"front": axes.FRONT}), encoding="utf-8")
    np.testing.assert_allclose(axes.from_file(written, path, up), VECTORS)


@pytest.mark.parametrize("report", ["", "[]", "{}"])
def test_from_file_stands_other_files_upright(tmp_path: Path, report: str) -> None:
    (tmp_path / "report.json").write_text(report, encoding="utf-8")
    laid = axes.lay_down(VECTORS)
    np.testing.assert_allclose(axes.from_file(laid, tmp_path / "mesh.glb", "y"), VECTORS)
