# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job never overwrites its input or a file that the program has not written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.core.errors import EngineError, ErrorCode
from engine.core.own_files import JOURNAL, foreign_files, own_files
from engine.core.request import REQUEST_FILE, Request
from engine.core.requests import (
    ElevationRequest,
    ReconstructRequest,
    SegmentRequest,
    ViewsRequest,
    save_request,
)
from engine.core.result_place import check_result_place, is_own_file, staged_result
from engine.core.staging import staged_folder


def write_result(request: Request, **files: str) -> None:
    """A result with these files, whose names have "__" for "/" and a suffix after "_"."""
    with staged_folder(Path(request.out), replaces=request.OWN_FILES) as stage:
        for name, content in files.items():
            path = stage / (name.replace("__", "/").rpartition("_")[0] + "."
                            + name.rpartition("_")[2])
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        save_request(request, stage)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.is_file())


def refused(request: Request) -> str:
    with pytest.raises(EngineError) as caught:
        check_result_place(request)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("name", ["view_000.png", "views.json", "input.png", "request.json"])
def test_result_place_refuses_a_foreign_file(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine")
    assert name in refused(ViewsRequest(image="photo.png", out=str(tmp_path)))


@pytest.mark.parametrize("name", ["mesh.glb", "object.png", "report.json", "views/view_003.png",
                                  "fitted/view_003.png"])
def test_result_place_refuses_a_foreign_file_for_a_mesh(tmp_path: Path, name: str):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    request = ReconstructRequest(image="photo.png", out=str(tmp_path), obj=True, ply=True)
    assert Path(name).name in refused(request)


def test_result_place_refuses_a_folder_for_a_file(tmp_path: Path):
    """The request is refused before anything is computed."""
    (tmp_path / "view_000.png").mkdir()
    assert "view_000.png" in refused(ViewsRequest(image="photo.png", out=str(tmp_path)))


@pytest.mark.parametrize("request_class", [ViewsRequest, SegmentRequest])
def test_result_place_refuses_a_broken_link(tmp_path: Path, request_class: type[Request]):
    """Replacing the link would remove a file of the user."""
    out = tmp_path / "out.png"
    out.symlink_to("gone.png")
    assert "link" in refused(request_class(image="photo.png", out=str(out)))


def test_result_place_refuses_a_link_to_a_foreign_file(tmp_path: Path):
    (tmp_path / "photo.png").write_bytes(b"mine")
    (tmp_path / "out.png").symlink_to("photo.png")
    assert "out.png" in refused(SegmentRequest(image="a.png", out=str(tmp_path / "out.png")))


def test_files_that_are_not_written_this_time_are_no_hindrance(tmp_path: Path):
    for name in ("mesh.obj", "mesh.mtl", "mesh.ply", "mesh.blend", "photo.png"):
        (tmp_path / name).write_text("mine")
    check_result_place(ReconstructRequest(image="photo.png", out=str(tmp_path)))


def test_an_input_is_refused_even_in_an_older_result(tmp_path: Path):
    request = ViewsRequest(image="photo.png", out=str(tmp_path))
    write_result(request, views_json="{}", input_png="seen")
    check_result_place(request)
    request.image = str(tmp_path / "input.png")
    assert "input" in refused(request)


def test_an_input_under_another_name_is_refused(tmp_path: Path):
    (tmp_path / "photo.png").write_text("photo")
    (tmp_path / "view_000.png").symlink_to("photo.png")
    assert "input" in refused(ViewsRequest(image=str(tmp_path / "photo.png"), out=str(tmp_path)))


def test_an_older_result_is_replaced_completely(tmp_path: Path):
    request = ReconstructRequest(image="a.png", out=str(tmp_path / "out"), obj=True)
    write_result(request, mesh_glb="1", mesh_obj="1", object_png="1", views__view_000_png="1",
                 fitted__views_json="1")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    request = ReconstructRequest(image="b.png", out=str(tmp_path / "out"))
    check_result_place(request)
    write_result(request, mesh_glb="2", views__views_json="2")
    assert names(tmp_path / "out") == ["mesh.glb", "notes.txt", "request.json", "views/views.json"]
    assert (tmp_path / "out" / "mesh.glb").read_text() == "2"


def test_a_result_without_a_list_is_recognised_by_its_names(tmp_path: Path):
    request = ReconstructRequest(image="a.png", out=str(tmp_path))
    for name in ("mesh.glb", "mesh.obj", "photo.png"):
        (tmp_path / name).write_text("old")
    save_request(request, tmp_path)
    check_result_place(request)
    write_result(request, mesh_glb="new")
    assert names(tmp_path) == ["mesh.glb", "photo.png", "request.json"]


def test_a_changed_file_of_a_result_is_a_persons(tmp_path: Path):
    request = ViewsRequest(image="a.png", out=str(tmp_path))
    write_result(request, views_json="{}", view_000_png="1", view_001_png="1")
    (tmp_path / "view_001.png").write_text("touched up")
    assert "view_001.png" in refused(request)


def test_a_result_of_another_kind_stays(tmp_path: Path):
    views = ViewsRequest(image="a.png", out=str(tmp_path))
    write_result(views, views_json="{}", view_000_png="1")
    mesh = ReconstructRequest(image="a.png", out=str(tmp_path))
    check_result_place(mesh)
    write_result(mesh, mesh_glb="1")
    assert {"views.json", "view_000.png", "mesh.glb"} < set(names(tmp_path))
    check_result_place(views)
    write_result(views, views_json="{}")
    assert own_files(tmp_path).others.keys() >= {"mesh.glb"}


def test_views_in_a_folder_of_their_own_are_the_programs(tmp_path: Path):
    write_result(ViewsRequest(image="a.png", out=str(tmp_path / "views")), view_000_png="1")
    assert foreign_files(tmp_path, ["views/*.png"]) == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path):
    request = ViewsRequest(image="a.png", out=str(tmp_path))
    with pytest.raises(EngineError) as caught, staged_folder(tmp_path) as stage:
        (stage / "view_000.png").write_text("ours")
        save_request(request, stage)
        (tmp_path / "view_000.png").write_text("mine")
    assert caught.value.code is ErrorCode.DISK  # so that the computed work is kept for a resume
    assert names(tmp_path) == ["view_000.png"]
    assert (tmp_path / "view_000.png").read_text() == "mine"


def test_a_killed_publication_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The process ends between two files: some are new, some old, the record is gone."""
    request = ViewsRequest(image="a.png", out=str(tmp_path / "out"))
    write_result(request, views_json="1", view_000_png="1", view_001_png="1", view_002_png="1")
    count = iter(range(9))

    class Killed(BaseException):
        pass

    def keep_or_die(file: Path, copy: Path) -> None:
        if next(count) == 2:
            raise Killed
        from_original(file, copy)

    from engine.core import staging

    from_original = staging._keep
    with monkeypatch.context() as patch:
        patch.setattr(staging, "_keep", keep_or_die)
        patch.setattr(staging._Move, "undo", lambda move: None)
        patch.setattr(Path, "unlink", _unlink_all_but_the_journal(Path.unlink))
        with pytest.raises(Killed):
            write_result(request, views_json="2", view_000_png="2", view_001_png="2")
    assert REQUEST_FILE not in names(tmp_path / "out") and JOURNAL in names(tmp_path / "out")
    check_result_place(request)
    write_result(request, views_json="3", view_000_png="3")
    assert names(tmp_path / "out") == ["request.json", "view_000.png", "views.json"]


def test_an_interrupted_publication_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    request = ViewsRequest(image="a.png", out=str(tmp_path / "out"))
    write_result(request, views_json="1", view_000_png="1", view_001_png="1")
    before = {name: (tmp_path / "out" / name).read_bytes() for name in names(tmp_path / "out")}

    from engine.core import staging

    def interrupt(move: object, name: Path) -> None:
        if name.name == "view_001.png":
            raise KeyboardInterrupt
        replace(move, name)

    replace = staging._Move.replace
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(staging._Move, "replace", interrupt)
        write_result(request, views_json="2", view_000_png="2", view_001_png="2")
    assert {name: (tmp_path / "out" / name).read_bytes()
            for name in names(tmp_path / "out")} == before


def _unlink_all_but_the_journal(unlink):  # type: ignore[no-untyped-def]
    def stub(path: Path, missing_ok: bool = False) -> None:
        if path.name != JOURNAL:
            unlink(path, missing_ok)
    return stub


def test_a_foreign_single_file_is_refused(tmp_path: Path):
    Image.new("RGB", (4, 4)).save(tmp_path / "cut.png")
    (tmp_path / "notes.json").write_text('{"title": "mine"}')
    assert "cut.png" in refused(SegmentRequest(image="a.png", out=str(tmp_path / "cut.png")))
    assert "notes.json" in refused(ElevationRequest(image="a", out=str(tmp_path / "notes.json")))


def test_the_input_is_never_the_single_output(tmp_path: Path):
    with staged_result(tmp_path / "a.png") as stage:
        Image.new("RGB", (4, 4)).save(stage)
    path = str(tmp_path / "a.png")
    assert "input" in refused(SegmentRequest(image=path, out=path))


def test_an_own_single_file_is_replaced_until_it_is_changed(tmp_path: Path):
    out = tmp_path / "cut.png"
    with staged_result(out) as stage:
        Image.new("RGBA", (5, 4), "red").save(stage)
    assert is_own_file(out)
    assert Image.open(out).size == (5, 4)
    check_result_place(SegmentRequest(image="a.png", out=str(out)))
    out.write_bytes(out.read_bytes()[:-1] + b"x")
    assert not is_own_file(out)


def test_an_own_estimate_is_replaced(tmp_path: Path):
    out = tmp_path / "elevation.json"
    out.write_text(json.dumps({"elevation_deg": 20.0}))
    check_result_place(ElevationRequest(image="a.png", out=str(out)))
