# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs that write single documents never overwrite a file of a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.cli.main import main
from engine.core.errors import EngineError
from engine.core.own_documents import check_image, check_json, check_listed, write_list
from engine.core.result_place import staged_result


def _refused(arguments: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*map(str, arguments)]) == 2
    assert "is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["views", "sheet"])
def test_an_evaluation_leaves_a_persons_file(verb: str, tmp_path: Path, capsys):
    """The command refuses before it reads or computes anything."""
    out = tmp_path / ("notes.json" if verb == "views" else "notes.png")
    out.write_text('{"mine": 1}')
    _refused(["evaluate", verb, tmp_path, "--out", out], capsys)
    assert out.read_text() == '{"mine": 1}'


@pytest.mark.parametrize(("verb", "name"), [
    ("meshes", "scores.json"), ("consistency", "consistency.json")])
def test_an_evaluation_leaves_a_file_in_its_folder(verb: str, name: str, tmp_path: Path, capsys):
    (tmp_path / name).write_text("[1, 2]")
    _refused(["evaluate", verb, tmp_path, "--out", tmp_path], capsys)
    assert (tmp_path / name).read_text() == "[1, 2]"


@pytest.mark.parametrize("name", ["index.html", "status.json"])
def test_a_batch_leaves_a_persons_page(name: str, tmp_path: Path, capsys):
    out, image = tmp_path / "site", tmp_path / "a.png"
    out.mkdir()
    Image.new("RGBA", (64, 64)).save(image)
    (out / name).write_text("<html><title>My site</title></html>")
    _refused(["batch", image, "--out", out], capsys)
    assert (out / name).read_text() == "<html><title>My site</title></html>"


def test_curves_are_not_drawn_over_a_persons_image(tmp_path: Path, capsys):
    log, out = tmp_path / "log.jsonl", tmp_path / "photo.png"
    log.write_text(json.dumps(
        {"stage": "denoiser", "step": 50, "seconds": 36.0, "loss": 0.1, "lr": 1e-3}) + "\n")
    Image.new("RGB", (8, 8), "red").save(out)
    before = out.read_bytes()
    _refused(["train", "curves", log, "--out", out], capsys)
    assert out.read_bytes() == before
    assert main(["train", "curves", str(log), "--out", str(tmp_path / "new.png")]) == 0
    assert main(["train", "curves", str(log), "--out", str(tmp_path / "new.png")]) == 0


def test_an_own_table_is_replaced(tmp_path: Path):
    (tmp_path / "scores.json").write_text('{"objects": {}, "left_out": [], "mean": {}}')
    check_json(tmp_path / "scores.json", "objects", "left_out")
    check_json(tmp_path / "missing.json", "objects")


def test_an_own_image_is_replaced_until_it_is_edited(tmp_path: Path):
    out = tmp_path / "curves.png"
    with staged_result(out) as stage:
        Image.new("RGB", (8, 8)).save(stage)
    check_image(out)
    Image.new("RGB", (9, 9)).save(out)
    with pytest.raises(EngineError, match="not overwritten"):
        check_image(out)


def test_a_listed_document_is_replaced_until_it_is_edited(tmp_path: Path):
    (tmp_path / "views.csv").write_text("a,b\n")
    with pytest.raises(EngineError, match="not overwritten"):
        check_listed(tmp_path, ["views.csv", "report.html"])
    write_list(tmp_path)
    check_listed(tmp_path, ["views.csv", "report.html"])
    (tmp_path / "views.csv").write_text("a;b\n")
    with pytest.raises(EngineError, match="not overwritten"):
        check_listed(tmp_path, ["views.csv"])
