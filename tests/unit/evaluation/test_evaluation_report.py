# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate report` writes results as tables, figures and a page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import trimesh
from helpers.command_line import names, run
from PIL import Image

VIEWS = {
    "copy": {"all": {"psnr": 17.64, "ssim": 0.821, "gmsd": 0.2}, "0-30": {"psnr": 20.0}},
    "models/nano": {"all": {"psnr": 21.5, "ssim": 0.872, "gmsd": 0.1}, "0-30": {"psnr": 23.0}},
}


def mesh_record(iou: float | None, cost: dict) -> dict:
    return {"options": {}, "cost": cost, "objects": {"cup": {}, "shoe": {}}, "left_out": [],
            "mean": {"chamfer": 0.03, "f_score": 0.5, "iou": iou}}


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Records of views, of two methods of which one has kept its meshes, and of point clouds."""
    place = tmp_path / "measured"
    for method, iou, cost in (("fit", 0.6, {"seconds": 26.4}), ("distil", 0.4, {"seconds": 400})):
        (place / "methods" / method).mkdir(parents=True)
        (place / "methods" / method / "scores.json").write_text(
            json.dumps(mesh_record(iou, cost)))
    for thing, height in (("cup", 1), ("shoe", 0.3)):
        (place / "methods" / "fit" / thing).mkdir()
        trimesh.creation.box((0.5, height, 0.5)).export(
            place / "methods" / "fit" / thing / "mesh.glb")
    (place / "point-e <1>").mkdir()
    (place / "point-e <1>" / "scores.json").write_text(json.dumps(mesh_record(None, {})))
    (place / "views.json").write_text(json.dumps({"scores": VIEWS}))
    Image.new("RGB", (40, 20), (1, 2, 3)).save(place / "nano.png")
    return place


def results(measured: Path) -> list[Path]:
    return [measured / name for name in ("views.json", "methods", "point-e <1>", "nano.png")]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_report_tables_hold_the_scores(measured: Path, tmp_path: Path) -> None:
    assert run("evaluate", "report", *results(measured), "--out", tmp_path / "out") == 0
    assert names(tmp_path / "out") == [
        ".zero123-report.json", "meshes.csv", "meshes.png", "report.html", "sheet.png",
        "views.csv", "views.png"]
    rows = table(tmp_path / "out" / "views.csv")
    assert [*rows[0]] == ["method", "azimuth", "psnr", "ssim", "gmsd"]
    assert [(row["method"], row["azimuth"], row["psnr"]) for row in rows] == [
        ("copy", "all", "17.64"), ("copy", "0-30", "20"), ("nano", "all", "21.5"),
        ("nano", "0-30", "23")]
    assert rows[1]["ssim"] == ""
    rows = table(tmp_path / "out" / "meshes.csv")
    assert [(row["method"], row["iou"], row["seconds"]) for row in rows] == [
        ("distil", "0.4", "400"), ("fit", "0.6", "26.4"), ("point-e <1>", "", "")]


def test_report_page_marks_the_best_scores(measured: Path, tmp_path: Path) -> None:
    assert run("evaluate", "report", *results(measured), "--out", tmp_path / "out") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "GMSD replaces LPIPS" in page
    assert "point-e &lt;1&gt;" in page and "<1>" not in page
    best = re.findall(r'<td class="best">([^<\s]+)', page)
    assert best[:4] == ["21.50", "0.8720", "0.1000", "23.00"]
    assert "0.6000" in best and "0.4000" not in best and "26" not in best
    assert page.count("data:image/png;base64,") == 4
    VIEWS["copy"]["all"]["lpips"] = 0.3
    try:
        (measured / "views.json").write_text(json.dumps({"scores": VIEWS}))
    finally:
        del VIEWS["copy"]["all"]["lpips"]
    assert run("evaluate", "report", *results(measured), "--out", tmp_path / "out") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "GMSD replaces" not in page and "LPIPS ↓" in page


def test_report_repeats_its_bytes(measured: Path, tmp_path: Path) -> None:
    written = []
    for out in (tmp_path / "one", tmp_path / "two"):
        assert run("evaluate", "report", *results(measured), "--out", out) == 0
        written.append({name: (out / name).read_bytes() for name in names(out)})
    assert written[0] == written[1]


def test_report_sheet_shows_the_kept_meshes(measured: Path, tmp_path: Path) -> None:
    assert run("evaluate", "report", *results(measured), "--out", tmp_path / "out") == 0
    sheet = np.asarray(Image.open(tmp_path / "out" / "sheet.png").convert("RGB"), int)
    upper, lower = np.split(sheet[40:], [(len(sheet) - 40) // 2])
    tall, flat = (((np.ptp(half, axis=-1) < 8) & (half[..., 0] > 40) & (half[..., 0] < 240)).mean()
                  for half in (upper, lower))  # shaded boxes
    assert 0.6 > tall > 1.5 * flat > 0.05


def test_results_separate_methods_of_one_name(measured: Path, tmp_path: Path) -> None:
    other = {"copy": VIEWS["copy"], "nano": {"all": {"psnr": 22.0}}}
    (measured / "trained.json").write_text(json.dumps({"scores": other}))
    assert run("evaluate", "report", measured / "views.json", measured / "trained.json",
               "--out", tmp_path / "out") == 0
    rows = table(tmp_path / "out" / "views.csv")
    assert [row["method"] for row in rows] == ["copy", "copy", "nano", "nano", "nano (trained)"]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"scores": 3}', '{"scores": {"a": [1]}}',
                                     '{"mean": {"iou": "x"}, "cost": {}, "objects": {}}'])
def test_read_results_names_files_without_scores(
        measured: Path, tmp_path: Path, content: str,
        capsys: pytest.CaptureFixture[str]) -> None:
    (measured / "bad.json").write_text(content)
    (measured / "bad.png").write_text("no picture")
    missing = measured / "missing"
    assert run("evaluate", "report", measured / "bad.json", measured / "bad.png", missing,
               measured / "views.json", "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "bad.json" in told and "bad.png" in told and str(missing) in told
    assert (tmp_path / "out" / "report.html").is_file()
    assert run("evaluate", "report", measured / "bad.json", "--out", tmp_path / "none") == 2
    assert not (tmp_path / "none").exists()


def test_report_names_a_damaged_mesh(measured: Path, tmp_path: Path,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    (measured / "methods" / "fit" / "cup" / "mesh.glb").write_bytes(b"cut")
    assert run("evaluate", "report", measured / "methods", "--out", tmp_path / "out") == 2
    assert "cup/mesh.glb" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
