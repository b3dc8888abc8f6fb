# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimated elevation becomes the scene's setting."""

from __future__ import annotations

import json

import pytest


@pytest.mark.needs_engine
def test_estimate_elevation_sets_the_scene_s_elevation(
        bpy, scene, contents, project_root, tmp_path):
    before = contents()
    bpy.ops.zero123.estimate_elevation(filepath=str(project_root / "tools/demo/bottle.png"),
                                       out=str(tmp_path))
    estimate = json.loads((tmp_path / "elevation.json").read_text())["elevation_deg"]
    assert scene.zero123.input_elevation == pytest.approx(estimate, abs=0.06)
    assert not scene.zero123.estimate_elevation  # the number is used now
    scene.zero123.property_unset("estimate_elevation")
    assert contents() == before


def test_import_refuses_a_damaged_estimate(bpy, scene, tmp_path):
    scene.zero123.input_elevation = 12
    (tmp_path / "elevation.json").write_text("{}")
    with pytest.raises(RuntimeError, match="is not an estimated elevation"):
        bpy.ops.zero123.import_result(filepath=str(tmp_path / "elevation.json"))
    assert scene.zero123.input_elevation == 12


@pytest.mark.parametrize("request_class", ["ViewsRequest", "ReconstructRequest"])
def test_tab_leaves_the_elevation_to_the_job(
        scene, extension, request_class):
    request = getattr(extension("engine.core.requests"), request_class)
    settings = scene.zero123
    settings.property_unset("estimate_elevation")
    assert settings.estimate_elevation
    assert "input_elevation" not in settings.operator_values(request)
    settings.estimate_elevation, settings.input_elevation = False, 15.0
    assert settings.operator_values(request)["input_elevation"] == 15.0
    settings.property_unset("estimate_elevation")


@pytest.mark.needs_engine
def test_operators_estimate_unless_a_number_is_given(bpy, scene, project_root, tmp_path):
    picture = str(project_root / "tools/demo/bottle.png")
    sources = []
    for name, given in (("estimated", {}), ("given", {"input_elevation": 0.0})):
        bpy.ops.zero123.generate_views(filepath=picture, orbit=1, device='cpu',
                                       out=str(tmp_path / name), **given)
        found = json.loads((tmp_path / name / "views.json").read_text())["input"]
        sources.append(found["elevation_source"])
    assert sources == ["estimated", "given"]
