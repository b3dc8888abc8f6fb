# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs estimate the elevation of their image unless it is given, and report its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.command_line import run

from engine.core.errors import EngineError
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest, ViewsRequest
from engine.jobs import run as jobs

BOTTLE = Path("tools/demo/bottle.png")
"""A rendering from 20 degrees."""


def views_of(image: Path, out: Path, *options: object) -> dict:
    assert run("views", image, "--out", out, "--azimuth", 90, "--device", "cpu", *options) == 0
    return json.loads((out / "views.json").read_text())


def test_views_use_the_estimate_and_report_it(project_root, tmp_path) -> None:
    document = views_of(project_root / BOTTLE, tmp_path / "out")
    found = document["input"]
    assert found["elevation_source"] == "estimated"
    assert 0 < found["elevation_deg"] < 50
    assert found["elevation_uncertainty_deg"] > 0
    assert document["views"][0]["elevation_deg"] == found["elevation_deg"]


def test_a_given_elevation_is_kept(project_root, tmp_path) -> None:
    document = views_of(project_root / BOTTLE, tmp_path / "out", "--input-elevation", 20)
    found = document["input"]
    assert (found["elevation_deg"], found["elevation_source"]) == (20.0, "given")
    assert "elevation_uncertainty_deg" not in found


def test_absolute_elevations_do_not_follow_the_estimate(project_root, tmp_path) -> None:
    document = views_of(project_root / BOTTLE, tmp_path / "out", "--elevation", 35)
    assert document["views"][0]["elevation_deg"] == 35


def test_the_command_writes_the_estimate_of_the_image(project_root, tmp_path) -> None:
    out = tmp_path / "elevation.json"
    assert run("elevation", project_root / BOTTLE, "--out", out) == 0
    document = json.loads(out.read_text())
    assert document["schema"] == "zero123.elevation/1"
    assert 0 < document["elevation_deg"] < 50
    assert sum(each["probability"] for each in document["candidates"]) == pytest.approx(1, abs=0.01)


def test_the_mesh_s_report_states_the_estimate(project_root, tmp_path) -> None:
    report = jobs.run(ReconstructRequest(
        image=str(project_root / BOTTLE), out=str(tmp_path / "out"), method="direct", faces=500,
        texture_size=64), SilentReporter())
    assert report["input"]["elevation_source"] == "estimated"
    assert "estimate elevation" in [stage["name"] for stage in report["stages"]]
    stored = json.loads((tmp_path / "out" / "report.json").read_text())["input"]
    assert stored["elevation_uncertainty_deg"] == report["input"]["elevation_uncertainty_deg"]


@pytest.mark.parametrize("value", ["automatic", "", True, 95.0, None])
def test_other_values_are_refused(value) -> None:
    with pytest.raises(EngineError, match="input-elevation"):
        ViewsRequest(image="a.png", out="b", input_elevation=value)


def test_the_command_line_takes_auto_or_a_number(picture, tmp_path, capsys) -> None:
    assert run("views", picture, "--out", tmp_path / "a", "--input-elevation", "high") == 2
    assert "not a number and not auto" in capsys.readouterr().err
