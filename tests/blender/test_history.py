# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results on the disk are listed and imported again; images are queued; the log is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def results(bpy, extension, tmp_path):
    """An empty results folder."""
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    before = preferences.results_folder
    preferences.results_folder = str(tmp_path / "results")
    yield tmp_path / "results"
    preferences.results_folder = before


def _views(folder, count):
    folder.mkdir(parents=True)
    Image.new("RGBA", (32, 32)).save(folder / "view_000.png")
    (folder / "views.json").write_text(json.dumps({"views": [{}] * count}))


def test_history_lists_the_newest_first(extension, tmp_path):
    history = extension("operators.session.history")
    _views(tmp_path / "20260301-123059-views-a-chair-abcd_123", 8)
    _views(tmp_path / "20260302-080000-views-cup-abcdefgh", 3)
    mesh = tmp_path / "20260301-150000-reconstruct-cup-abcdefgh"
    _views(mesh / "views", 16)
    (mesh / "mesh.glb").write_bytes(b"glTF")
    (mesh / "report.json").write_text('{"faces": 500}')
    _views(tmp_path / "mine", 1)
    # Files that are not results.
    (tmp_path / "20260305-150000-views-cancelled-abcdefgh").mkdir()
    _views(tmp_path / ".20260306-150000-views-cup-abcdefgh.tmp", 2)
    (tmp_path / "engine.log").write_text("log")
    bad = tmp_path / "20260306-150000-views-bad-abcdefgh"
    bad.mkdir()
    (bad / "views.json").write_text('{"views": 3}')
    entries = history.read_history(tmp_path)
    assert [(entry.title, entry.kind, entry.amount, entry.when) for entry in entries] == [
        ("mine", "views", 1, ""), ("cup", "views", 3, "2026-03-02 08:00"),
        ("cup", "reconstruct", 500, "2026-03-01 15:00"),
        ("a-chair", "views", 8, "2026-03-01 12:30")]
    assert [entry.thumbnail.name for entry in entries] == ["view_000.png"] * 4
    assert entries[2].result == mesh / "mesh.glb"
    assert len(history.read_history(tmp_path, limit=2)) == 2
    assert history.read_history(tmp_path / "nowhere") == []


@pytest.mark.needs_engine
def test_history_imports_an_old_result(bpy, scene, extension, results, picture, tiny_model):
    """Title and request are restored from the folder alone."""
    image = bpy.data.images.load(str(picture))
    image.pack()
    image.name = "A Chair"
    bpy.ops.zero123.generate_views(image="A Chair", model=str(tiny_model), orbit=2, seed=7)
    first = json.loads(bpy.data.collections["Zero123 A Chair"].objects[0]["zero123"])
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    extension("operators.session").session.runner.jobs.clear_ended()

    bpy.ops.zero123.refresh_history()
    entry, = extension("operators.session").session.history.entries
    assert (entry.title, entry.amount) == ("A-Chair", 2)
    bpy.ops.zero123.import_result(filepath=str(entry.result))
    again = json.loads(bpy.data.collections["Zero123 A-Chair"].objects[0]["zero123"])
    assert again["request"] == first["request"]
    assert again["seed"] == 7


@pytest.mark.needs_engine
@pytest.mark.parametrize("kind", ["VIEWS", "MESH"])
def test_queue_images_uses_the_settings_of_the_tab(
        bpy, scene, extension, results, picture, tiny_model, kind):
    """A bad image among them is reported; the others are processed."""
    settings = scene.zero123
    # Random weights are good enough for views, not for a shape.
    settings.model = str(tiny_model) if kind == 'VIEWS' else "nano"
    settings.orbit, settings.mode = 2, 'ORBIT'
    settings.view_count, settings.resolution, settings.iterations = 6, 32, 20
    settings.faces, settings.texture_size = 200, 64
    (picture.parent / "bad.png").write_bytes(b"This is no picture.")
    (picture.parent / "cup.png").write_bytes(picture.read_bytes())
    kept = scene.zero123.image = bpy.data.images.new("Other", 8, 8)
    names = ("ball.png", "cup.png") if kind == 'VIEWS' else ("ball.png",)
    try:
        with pytest.raises(RuntimeError, match=r"bad\.png"):
            bpy.ops.zero123.queue_pictures(
                kind=kind, directory=str(picture.parent),
                files=[{"name": name} for name in ("bad.png", *names)])
        jobs = list(extension("operators.session").session.runner.jobs)
        assert [(job.title, job.state.value) for job in jobs] == [
            ("bad", "Failed"), *((Path(name).stem, "Done") for name in names)]
        assert {f"Zero123 {Path(name).stem}" for name in names} == {
            collection.name for collection in bpy.data.collections}
        assert settings.image == kept
    finally:
        for name in ("model", "orbit", "image", "view_count", "resolution", "iterations", "faces",
                     "texture_size"):
            settings.property_unset(name)


@pytest.mark.needs_engine
def test_queue_selected_uses_each_image_once(bpy, scene, extension, results, picture, tiny_model):
    settings = scene.zero123
    settings.model, settings.orbit = str(tiny_model), 1
    with pytest.raises(RuntimeError, match="Select image empties, or planes"):
        bpy.ops.zero123.queue_selected()
    first = bpy.data.images.load(str(picture))
    second = first.copy()
    second.name = "second"
    for image in (first, second, first):
        empty = bpy.data.objects.new("Empty", None)
        empty.empty_display_type, empty.data = 'IMAGE', image
        scene.collection.objects.link(empty)
        empty.select_set(True)
    try:
        bpy.ops.zero123.queue_selected(kind='VIEWS')
    finally:
        for name in ("model", "orbit"):
            settings.property_unset(name)
    jobs = list(extension("operators.session").session.runner.jobs)
    assert sorted(job.title for job in jobs) == ["ball", "second"]


def test_open_log_makes_a_text(bpy, scene, extension, results, monkeypatch):
    # After a failed installation its log would be shown.
    monkeypatch.setattr(extension("operators.session").session.installation, "error", None)
    assert bpy.ops.zero123.open_log() == {'CANCELLED'}
    assert not bpy.data.texts
    results.mkdir()
    (results / "engine.log").write_text("first\nlast: naïve\n", encoding="utf-8")
    for _ in range(2):
        bpy.ops.zero123.open_log()
    text, = bpy.data.texts
    assert text.as_string() == "first\nlast: naïve\n"


def test_read_end_returns_whole_lines(extension, tmp_path):
    read_end = extension("operators.logs").read_end
    path = tmp_path / "engine.log"
    path.write_text("".join(f"line {i}\n" for i in range(1000)))
    text = read_end(path, 100)
    assert text.endswith("line 998\nline 999\n")
    assert text.startswith("line ")
    assert len(text) <= 100
    assert read_end(tmp_path / "none.log") == ""


def test_status_bar_shows_only_running_jobs(bpy, extension):
    """It is drawn into a recorder, because only a window draws; the window test checks the real
    one.
    """
    draw = extension("ui.progress").draw_status
    jobs, runner = extension("operators.session.jobs"), extension("operators").session.runner
    request = extension("engine.core.requests").ViewsRequest(image="a.png", out="b")
    header = _Header()
    draw(header, bpy.context)
    assert header.texts == []
    for number in ("1", "2"):
        runner.jobs.add(jobs.Job(number, request, "cup"))
    progress = extension("engine.core.protocol").Progress("1", "sample", 3, 10, 61.0)
    runner.jobs.get("1").apply(progress)
    try:
        draw(header, bpy.context)
        assert header.texts == ["cup: Sample 3/10, 1 min 01 s left (+1)"]
    finally:
        for job in list(runner.jobs):
            job.state = jobs.JobState.CANCELLED
        runner.jobs.clear_ended()


class _Header:
    """Replaces a header and its layout."""

    def __init__(self):
        self.layout = self
        self.texts = []

    def row(self, **_):
        return self

    def progress(self, text, factor, translate):
        assert not translate  # it is composed of several texts
        assert factor == pytest.approx(0.3)
        self.texts.append(text)

    def operator(self, *_, **__):
        return self
