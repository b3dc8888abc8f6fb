# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs of a batch: tables of any spreadsheet, lists, and folders with all kinds of images."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engine.batch.inputs import Item, read_items
from engine.core.requests import ViewsRequest


def read(path: Path) -> list[Item]:
    return read_items([path], path.parent / "out", "views", {})


@pytest.mark.parametrize("text", [
    "image,steps,input_radius\na.png,4,1.9\n",
    "image;steps;input_radius\na.png;4;1,9\n",
    "image\tsteps\tinput_radius\na.png\t4\t1,9\n",
    "sep=;\nimage;steps;input_radius\na.png;4;1,9\n",
    "\ufeffImage;Steps;Input-Radius\r\na.png;4;1.9\r\n",
])
def test_a_table_of_any_spreadsheet_is_read(tmp_path: Path, text: str):
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    (item,) = read(tmp_path / "table.csv")
    assert isinstance(item.request, ViewsRequest)
    assert (item.request.steps, item.request.input_radius) == (4, 1.9)
    assert item.image == str(tmp_path / "a.png")


def test_a_table_in_utf_16_is_read(tmp_path: Path):
    (tmp_path / "table.csv").write_text("image;seed\nStühle.png;7\n", encoding="utf-16")
    (item,) = read(tmp_path / "table.csv")
    assert item.name == "Stühle" and item.request is not None


@pytest.mark.parametrize("name", ["table.tsv", "TABLE.TSV"])
def test_a_tsv_file_is_a_table(tmp_path: Path, name: str):
    (tmp_path / name).write_text("image\tsteps\na.png\t4\n")
    (item,) = read(tmp_path / name)
    assert isinstance(item.request, ViewsRequest) and item.request.steps == 4


@pytest.mark.parametrize("line", ['"a b.png"', "'a b.png'", "  a b.png\t"])
def test_a_path_in_a_list_may_be_quoted(tmp_path: Path, line: str):
    (tmp_path / "list.txt").write_text(f"\n# chairs\n{line}\n")
    (item,) = read(tmp_path / "list.txt")
    assert item.image == str(tmp_path / "a b.png")


@pytest.mark.parametrize(("name", "content", "hint"), [
    ("list.txt", "# nothing yet\n\n", "per line"), ("table.csv", "image,seed\n,\n", "a line"),
    ("table.csv", "PK\x03\x04 of an .xlsx file", "export"),
    ("table.csv", "image,seed\na\0.png,1\n", "image to start")])
def test_a_list_without_usable_images_is_a_problem(tmp_path: Path, name: str, content: str,
                                                   hint: str):
    (tmp_path / name).write_text(content)
    (item,) = read(tmp_path / name)
    assert item.request is None and hint in item.problem[1]
    assert "\0" not in item.name


def test_an_image_called_like_a_home_folder_is_read(tmp_path: Path):
    (tmp_path / "list.txt").write_text("~nobody-here.png\n")
    (item,) = read(tmp_path / "list.txt")
    assert item.image == str(tmp_path / "~nobody-here.png")


def test_a_row_of_numbers_keeps_its_blanks(tmp_path: Path):
    (tmp_path / "table.csv").write_text("image;azimuth\na.png;0 22,5 45\n")
    (item,) = read(tmp_path / "table.csv")
    assert isinstance(item.request, ViewsRequest)
    assert item.request.azimuth == [0, 22.5, 45]


def test_the_line_of_a_problem_counts_the_separators_line(tmp_path: Path):
    (tmp_path / "table.csv").write_text("sep=;\nimage;steps\na.png;many\n")
    (item,) = read(tmp_path / "table.csv")
    assert item.request is None and item.source.endswith("line 3")


@pytest.mark.parametrize("name", ["list.txt", "table.csv"])
def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / name).write_text("image\n~/a.png\n" if name == "table.csv" else "~/a.png\n")
    (item,) = read(tmp_path / name)
    assert item.image == str(tmp_path / "home" / "a.png")


@pytest.mark.parametrize("name", ["photo.heic", "photo.HEIF", "render.exr", "raw.dng", "logo.svg"])
def test_images_that_cannot_be_read_are_listed(tmp_path: Path, name: str,
                                               monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.imaging.reading.image_suffixes", lambda: {".png"})
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / name).write_bytes(b"some image")
    (tmp_path / "notes.txt").write_text("no image")
    problems = {item.source: item.problem[0] for item in read(tmp_path)}
    assert set(problems) == {str(tmp_path / "a.png"), str(tmp_path / name)}
    assert "can't be read" in problems[str(tmp_path / name)]
