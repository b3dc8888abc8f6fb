# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator and the command line make the same files."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.needs_engine
def test_operator_writes_the_command_line_s_bytes(
        bpy, scene, tiny_model, picture, project_root, tmp_path):
    bpy.ops.zero123.generate_views(filepath=str(picture), model=str(tiny_model), orbit=3, seed=7,
                                   input_elevation=10, device="cpu", out=str(tmp_path / "ours"))
    subprocess.run(
        [sys.executable, "-m", "engine", "views", str(picture), "--model", str(tiny_model),
         "--orbit", "3", "--seed", "7", "--input-elevation", "10", "--device", "cpu",
         "--out", str(tmp_path / "theirs")], cwd=project_root, check=True)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    assert json.loads((ours / "views.json").read_text()) == json.loads(
        (theirs / "views.json").read_text())
    for name in ("view_000.png", "view_001.png", "view_002.png", "input.png"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
