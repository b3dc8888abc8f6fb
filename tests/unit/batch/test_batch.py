# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: inputs, kept results, messages; no item is lost or done twice."""

from __future__ import annotations

import html.parser
import json
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.batches import (
    QUICK,
    is_running,
    make_pictures,
    results_in,
    start,
    status,
    wait_until,
)
from helpers.command_line import PATIENCE_S, names, run
from helpers.shapes import BLOCK, photograph
from PIL import Image

from engine.batch.inputs import read_items
from engine.batch.item import run_items
from engine.batch.manifest import Manifest
from engine.core.reporting import SilentReporter

LONG = ("--orbit", 16, "--steps", 20, *QUICK)
"""Options with which an image takes almost a second with the tiny model and loaded libraries."""


# Inputs.


def test_read_items_reads_every_kind_of_input(tmp_path: Path):
    folder = tmp_path / "photos"
    make_pictures(folder, "b", "a")
    (folder / "notes.md").write_text("no picture")
    (folder / "deeper").mkdir()
    make_pictures(folder / "deeper", "c")
    (tmp_path / "list.txt").write_text("\ufeff# mine\nphotos/a.png\n\n  photos/b.png \n")
    (tmp_path / "table.csv").write_text(
        "Image,input-elevation,seed,framing,azimuth\n"
        'photos/a.png,12.5,,fit,0 90\n\n"photos/b.png",,7,auto,\n')
    items = read_items([folder / "b.png", folder, tmp_path / "list.txt", tmp_path / "table.csv"],
                       tmp_path / "out", "views", {"seed": 3, "framing": "fit"})
    assert [(item.name, Path(item.image).relative_to(tmp_path).as_posix()) for item in items] == [
        ("b", "photos/b.png"), ("a", "photos/a.png"), ("b-2", "photos/b.png"),
        ("a-2", "photos/a.png"), ("b-3", "photos/b.png"),
        ("a-3", "photos/a.png"), ("b-4", "photos/b.png")]
    assert items[3].source == f"{tmp_path / 'list.txt'}, line 2"
    assert items[6].source == f"{tmp_path / 'table.csv'}, line 4"
    first, second = (item.request.to_dict() for item in items[5:])
    assert (first["input_elevation"], first["seed"], first["framing"], first["azimuth"]) == (
        12.5, 3, "fit", [0.0, 90.0])
    assert (second["input_elevation"], second["seed"], second["framing"], second["azimuth"]) == (
        "auto", 7, "auto", [])
    assert first["out"] == str(tmp_path / "out" / "a-3")


@pytest.mark.parametrize(("name", "content", "source", "words"), [
    ("t.csv", "image,seed\na.png,many\n", "t.csv, line 2", "seed can't be 'many'"),
    ("t.csv", "image,seed\na.png,-1\n", "t.csv, line 2", "seed can't be -1"),
    ("t.csv", "image,seed\n,1\n", "t.csv, line 2", "image is empty in this line"),
    ("t.csv", "image,colour\na.png,red\n", "t.csv", "unknown columns colour"),
    ("t.csv", "image,out\na.png,/etc\n", "t.csv", "unknown columns out"),
    ("t.csv", "seed\n1\n", "t.csv", "no column image"),
    ("t.csv", "", "t.csv", "no column image"),
    ("t.csv", b"image\n\xff\xfe\n", "t.csv", "is not a readable text"),
    ("t.txt", None, "t.txt", "No such file"),
    ("empty", Path.mkdir, "empty", "contains no images"),
])
def test_read_items_names_the_line_of_a_problem(name: str, content: Any, source: str, words: str,
                                                tmp_path: Path):
    path = tmp_path / name
    if callable(content):
        content(path)
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (item,) = read_items([path], tmp_path / "out", "views", {})
    assert item.request is None
    assert item.source == str(tmp_path / source)
    assert words in item.problem[0]
    assert item.problem[1]


def test_read_items_gives_every_result_its_own_name(tmp_path: Path):
    given = [Path("Chair.png"), Path("chair.jpg"), Path("status.json.png"), Path("x/chair-2.png")]
    found = [item.name for item in read_items(given, tmp_path, "views", {})]
    assert found == ["Chair", "chair-2", "status.json-2", "chair-2-2"]


@pytest.mark.parametrize("arguments", [
    ["a.png", "--kind", "views", "--faces", "500"],
    ["a.png", "--workers", "0"],
    ["a.png", "--seed", "-1"],
    ["a.png", "--kind", "segment"],
    [],
])
def test_batch_refuses_wrong_settings_first(arguments: list[str], tmp_path: Path,
                                            capfd: pytest.CaptureFixture[str]):
    assert run("batch", *arguments, "--out", tmp_path / "out") == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert names(tmp_path) == []


# Results.


@pytest.mark.slow
def test_batch_continues_after_a_bad_image(tiny_model: Path, tmp_path: Path,
                                           capfd: pytest.CaptureFixture[str]):
    first, second, last = make_pictures(tmp_path / "photos", "a", "b", "c")
    second.write_bytes(second.read_bytes()[:60])
    listing = tmp_path / "list.txt"
    listing.write_text(f"{first}\n{second}\n{tmp_path / '<i>gone&.png'}\n{last}\n")
    out = tmp_path / "out"
    command = ("batch", listing, "--kind", "views", "--out", out, "--model", tiny_model, *QUICK)
    assert run(*command) == 2
    said = capfd.readouterr()
    assert results_in(said.out, out) == ["a", "c"]
    errors = said.err.splitlines()
    assert errors[0].startswith(f"error: {listing}, line 2: {second} can't be decoded")
    assert errors[1].startswith(f"error: {listing}, line 3: the image")
    assert errors[2].startswith("error bad-input: 2 of 4 images failed; ")
    items = status(out)
    assert {name: item["state"] for name, item in items.items()} == {
        "a": "done", "b": "failed", "<i>gone&": "failed", "c": "done"}
    assert items["b"]["error"]["code"] == "bad-input"
    assert items["a"]["seconds"] > 0
    assert items["a"]["out"] == str(out / "a")
    assert names(out / "a") == ["input.png", "request.json", "view_000.png", "views.json"]
    assert names(out / ".batch") == []

    make_pictures(tmp_path / "photos", "mended", "b")
    before = (out / "a" / "views.json").stat().st_mtime_ns
    assert run(*command) == 2
    assert results_in(capfd.readouterr().out, out) == ["b"], "the failed one is tried again"
    assert (out / "a" / "views.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_batch_keeps_results_of_the_same_request(tiny_model: Path, tmp_path: Path,
                                                 capfd: pytest.CaptureFixture[str]):
    (picture,) = make_pictures(tmp_path, "ball")
    out = tmp_path / "out"

    def made(*options: object, given: Path = picture) -> bool:
        assert run("batch", given, "--kind", "views", "--out", out, "--model", tiny_model, *QUICK,
                   *options) == 0
        return results_in(capfd.readouterr().out, out) == ["ball"]

    assert made()
    assert not made()
    assert not made("--device", "cpu"), "where it is computed doesn't matter"
    (tmp_path / "moved").mkdir()
    assert not made(given=picture.rename(tmp_path / "moved" / "ball.png")), "nor where it lies"
    picture = tmp_path / "moved" / "ball.png"
    assert made("--orbit", 2, given=picture)
    assert names(out / "ball")[2:] == ["view_000.png", "view_001.png", "views.json"]
    assert made(given=picture)
    assert names(out / "ball")[2:] == ["view_000.png", "views.json"]
    make_pictures(tmp_path / "moved", "another colour", "ball")
    assert made(given=picture)
    (out / "ball" / "views.json").unlink()
    assert made(given=picture)


@pytest.mark.slow
def test_batch_renders_its_meshes(tmp_path: Path):
    photograph(BLOCK, [(a, e) for e in (0.0, 40.0) for a in range(0, 360, 60)],
               size=48).save(tmp_path / "views")
    table = tmp_path / "table.csv"
    table.write_text("image,views,faces\n,views/views.json,400\n")
    out = tmp_path / "out"
    assert run("batch", table, "--out", out, "--resolution", 32, "--iterations", 20,
               "--texture-size", 64) == 0
    assert {"mesh.glb", "report.json", "request.json", "turn.png"} < set(names(out / "views"))
    with Image.open(out / "views" / "turn.png") as turn:
        assert turn.size == (640, 160)
        assert turn.getextrema()[3] == (0, 255), "something is drawn, on nothing"
    assert json.loads((out / "views" / "report.json").read_text())["faces"] <= 400


class _Page(html.parser.HTMLParser):
    """The files that a browser would load or link."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        if tag == "img":
            self.pictures.append(values["src"] or "")
        if tag == "a":
            self.links.append(values["href"] or "")


def test_html_report_is_one_file_with_escaped_names(tiny_model: Path,
                                                                        tmp_path: Path):
    good, _ = make_pictures(tmp_path, "a #1", "x")
    out = tmp_path / "out"
    run("batch", good, tmp_path / "<script>.png", "--kind", "views", "--orbit", 2, "--out", out,
        "--model", tiny_model, *QUICK)
    text = (out / "index.html").read_text(encoding="utf-8")
    html_report = _Page(text)
    assert "script" not in html_report.tags
    assert "&lt;script&gt;" in text
    assert len(html_report.pictures) == 3, "the input and two views"
    assert all(source.startswith("data:image/webp;base64,") for source in html_report.pictures)
    assert "a%20%231/views.json" in html_report.links


# Stopping, and sharing.


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_batch_resumes_after_ctrl_c(workers: int, tiny_model: Path, tmp_path: Path):
    pictures = make_pictures(tmp_path / "photos", "a", "b")
    out = tmp_path / "out"
    command = (*pictures, "--kind", "views", "--out", out, "--model", tiny_model, *LONG,
               "--workers", workers)
    with start(*command) as process:
        wait_until(lambda: is_running(out))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 6
    assert errors == "error cancelled: stopped before the end; the same command resumes from here\n"
    assert {item["state"] for item in status(out).values()} <= {"waiting", "done"}
    assert names(out / ".batch") == []
    assert run("batch", *command, "--workers", 1) == 0
    assert {item["state"] for item in status(out).values()} == {"done"}


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--workers", 2]])
def test_batches_in_one_folder_share_the_work(options: list[object], tiny_model: Path,
                                              tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """The one in this process has its libraries already; the other has its first item sooner than
    it can begin with it."""
    stems = ["a", "b", "c", "d"]
    make_pictures(tmp_path / "photos", *stems)
    out = tmp_path / "out"
    command = (tmp_path / "photos", "--kind", "views", "--out", out, "--model", tiny_model,
               "--orbit", 2, *QUICK)
    with start(*command) as other:
        wait_until(lambda: is_running(out))
        assert run("batch", *command, *options) == 0
        said, errors = other.communicate(timeout=PATIENCE_S)
    ours = capfd.readouterr()
    assert (other.returncode, errors, ours.err) == (0, "", "")
    there, here = results_in(said, out), results_in(ours.out, out)
    assert there, "it had an item before we began"
    if options:
        assert sorted({*there, *here}) == stems, "what workers report is what they see done"
    else:
        assert sorted(there + here) == stems, "each once"
    assert {item["state"] for item in status(out).values()} == {"done"}
    assert names(out / ".batch") == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_batch_takes_over_the_work_of_a_killed_one(tiny_model: Path, tmp_path: Path):
    stems = ["a", "b", "c"]
    make_pictures(tmp_path / "photos", *stems)
    out = tmp_path / "out"
    command = (tmp_path / "photos", "--kind", "views", "--out", out, "--model", tiny_model, *LONG)
    with start(*command) as first:
        wait_until(lambda: is_running(out))
        with start(*command) as second:
            wait_until(lambda: sum(i["state"] == "running" for i in status(out).values()) == 2)
            first.kill()
            lost = status(out)["a"]["state"]
            made, errors = second.communicate(timeout=PATIENCE_S)
    assert lost == "running", "the first was in the middle of it"
    assert (second.returncode, errors) == (0, "")
    assert sorted(results_in(made, out)) == stems
    assert {item["state"] for item in status(out).values()} == {"done"}
    assert names(out / ".batch") == [], "what the first has left is gone"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_batch_reports_killed_workers(tiny_model: Path, tmp_path: Path):
    make_pictures(tmp_path / "photos", "a", "b")
    out = tmp_path / "out"
    with start(tmp_path / "photos", "--kind", "views", "--out", out, "--model", tiny_model, *LONG,
               "--workers", 2) as process:
        wait_until(lambda: is_running(out))
        for child in psutil.Process(process.pid).children():
            child.kill()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7
    assert errors.startswith("error engine-died: the workers ended before the work")


def test_batch_failure_is_not_retried_by_other_processes(tmp_path: Path):
    (tmp_path / "a.png").write_text("no picture")
    items = read_items([tmp_path / "a.png"], tmp_path / "out", "views", {})
    manifest = Manifest(tmp_path / "out", items)
    manifest.open()
    run_items(manifest, SilentReporter())
    ended = status(tmp_path / "out")["a"]["ended"]
    run_items(manifest, SilentReporter())
    assert status(tmp_path / "out")["a"]["ended"] == ended
    later = Manifest(tmp_path / "out", items)
    later.open()
    assert status(tmp_path / "out")["a"]["state"] == "waiting", "a new batch tries it again"


def test_batch_stops_on_a_full_disk(tiny_model: Path, tmp_path: Path,
                                    monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    pictures = make_pictures(tmp_path, "a", "b")
    monkeypatch.setattr("engine.imaging.view_set.ViewSet.save", full)
    out = tmp_path / "out"
    assert run("batch", *pictures, "--kind", "views", "--out", out, "--model", tiny_model,
               *QUICK) == 5
    assert {name: item["state"] for name, item in status(out).items()} == {
        "a": "failed", "b": "waiting"}
