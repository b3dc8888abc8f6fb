# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elevation that is estimated becomes the scene's setting."""

from __future__ import annotations

import json

import pytest


@pytest.mark.needs_engine
def test_estimate_elevation_sets_the_scene_s_elevation(
        bpy, scene, extension, contents, project_root, tmp_path):
    before = contents()
    bpy.ops.zero123.estimate_elevation(filepath=str(project_root / "tools/demo/bottle.png"),
                                       out=str(tmp_path))
    estimate = json.loads((tmp_path / "elevation.json").read_text())["elevation_deg"]
    assert scene.zero123.input_elevation == pytest.approx(estimate, abs=0.06)
    assert contents() == before
    extension("operators.session").session.runner.stop_engine()


def test_import_refuses_a_damaged_estimate(bpy, scene, tmp_path):
    scene.zero123.input_elevation = 12
    (tmp_path / "elevation.json").write_text("{}")
    with pytest.raises(RuntimeError, match="is not an estimated elevation"):
        bpy.ops.zero123.import_result(filepath=str(tmp_path / "elevation.json"))
    assert scene.zero123.input_elevation == 12
