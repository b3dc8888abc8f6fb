# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results appear complete or not at all, and loaded models are reused only while they are
current."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest

from engine.core.errors import EngineError, ErrorCode
from engine.core.files import sha256
from engine.core.reporting import Pace
from engine.core.requests import ViewsRequest
from engine.core.staging import staged_file, staged_folder
from engine.jobs import run as jobs
from engine.models.model_cache import model_cache


class Stop(Exception):
    """Stands for any exception in a job."""


def everything(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text()
            for path in folder.rglob("*") if path.is_file()}


# Staged results.


def test_staged_folder_appears_as_a_whole(tmp_path: Path):
    out = tmp_path / "a" / "out"
    with staged_folder(out) as stage:
        (stage / "sub").mkdir()
        (stage / "sub" / "x.txt").write_text("x")
        assert not out.exists()
    assert everything(tmp_path) == {"a/out/sub/x.txt": "x"}
    assert out.stat().st_mode & 0o777 == 0o777 & ~_umask()


def test_staged_folder_keeps_other_files(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("mine.txt", "view_000.png", "view_007.png", "list.json"):
        (out / name).write_text("old")
    with staged_folder(out, replaces=("view_*.png",)) as stage:
        (stage / "view_000.png").write_text("new")
        (stage / "list.json").write_text("new")
        assert (out / "list.json").read_text() == "old"
    assert everything(out) == {"mine.txt": "old", "view_000.png": "new", "list.json": "new"}


@pytest.mark.parametrize("links", [True, False], ids=["", "no hard links"])
@pytest.mark.parametrize("fault", ["list.json", "new.png", "view_000.png", "view_007.png"])
def test_staging_restores_after_a_failed_replacement(
        fault: str, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On Windows a file that another program has open causes this."""
    out = tmp_path / "out"
    out.mkdir()
    for name in ("view_000.png", "view_007.png", "list.json"):
        (out / name).write_text("old")
    before = everything(tmp_path)
    replace, unlink = os.replace, Path.unlink

    def failing_replace(source: Path, target: Path) -> None:
        if target == out / fault and ".before" not in source.parts:
            raise PermissionError(errno.EACCES, "it is open")
        replace(source, target)

    def failing_unlink(path: Path, missing_ok: bool = False) -> None:
        if path == out / fault:
            raise PermissionError(errno.EACCES, "it is open")
        unlink(path, missing_ok)

    def no_links(*paths: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("engine.core.staging.os.replace", failing_replace)
    monkeypatch.setattr(Path, "unlink", failing_unlink)
    if not links:
        monkeypatch.setattr("engine.core.staging.os.link", no_links)
    with pytest.raises(PermissionError), staged_folder(out, replaces=("view_*.png",)) as stage:
        for name in ("new.png", "view_000.png", "list.json"):
            (stage / name).write_text("new")
    assert everything(tmp_path) == before


def test_lists_are_replaced_after_the_files_they_name(tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch):
    order: list[str] = []
    replace = os.replace

    def noting(source: Path, target: Path) -> None:
        order.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr("engine.core.staging.os.replace", noting)
    (tmp_path / "out").mkdir()
    with staged_folder(tmp_path / "out") as stage:
        (stage / "views").mkdir()
        for name in ("report.json", "views/views.json", "views/z.png", "z.glb"):
            (stage / name).touch()
    assert order[2:] == ["views.json", "report.json"]


@pytest.mark.parametrize("exists", [False, True])
def test_staged_folder_of_a_failed_job_is_removed(exists: bool, tmp_path: Path):
    out = tmp_path / "out"
    if exists:
        out.mkdir()
        (out / "old.txt").write_text("old")
    before = everything(tmp_path)
    with pytest.raises(Stop), staged_folder(out) as stage:
        (stage / "old.txt").write_text("half")
        raise Stop
    with pytest.raises(Stop), staged_file(tmp_path / "file.png") as file:
        file.write_text("half")
        raise Stop
    assert everything(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == exists


def test_staged_file_keeps_its_suffix(tmp_path: Path):
    (tmp_path / "cut.png").write_text("old")
    with staged_file(tmp_path / "cut.png") as stage:
        assert stage.suffix == ".png"
        stage.write_text("new")
        assert (tmp_path / "cut.png").read_text() == "old"
    assert everything(tmp_path) == {"cut.png": "new"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc can't be written")
def test_staging_reports_an_unwritable_folder():
    for staged in (staged_folder, staged_file):
        with pytest.raises(EngineError) as caught, staged(Path("/proc/zero123/out")):
            pass
        assert caught.value.code is ErrorCode.DISK
        assert caught.value.hint


def test_sha256_is_the_files(tmp_path: Path):
    (tmp_path / "empty").touch()
    assert sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


# Models in memory.


class Counter:
    """A reporter that counts loaded models and records the stages."""

    shows_previews = False

    def __init__(self) -> None:
        self.stages: list[str] = []

    def progress(self, stage: str, done: int, total: int) -> None:
        self.stages.append(stage)

    def preview(self, path: Path) -> None: ...

    def artifact(self, role: str, path: Path) -> None: ...

    def log(self, level: str, text: str) -> None: ...


def test_model_cache_keeps_the_last_model(tiny_model: Path, picture: Path, tmp_path: Path):
    model = shutil.copytree(tiny_model, tmp_path / "model")

    def loaded() -> object:
        request = ViewsRequest(image=str(picture), out=str(tmp_path / "out"),
                               model=str(model), steps=1, input_elevation=10.0, detail="off",
                               device="cpu")
        jobs.run(request, Counter())
        return model_cache.pipeline

    first = loaded()
    assert loaded() is first
    os.utime(model / "model_index.json", ns=(0, 10**18))
    second = loaded()
    assert second is not first
    model_cache.drop()
    assert model_cache.pipeline is None
    assert loaded() is not second


def test_jobs_report_every_stage(tiny_model: Path, picture: Path, tmp_path: Path):
    reporter = Counter()
    request = ViewsRequest(image=str(picture), out=str(tmp_path / "out"), model=str(tiny_model),
                           steps=2, orbit=3, device="cpu")
    result = jobs.run(request, reporter)
    stages = ["prepare", "estimate elevation", "load model", "sample", "detail"]
    assert list(dict.fromkeys(reporter.stages)) == stages
    assert [stage["name"] for stage in result["stages"]] == stages
    assert result["detail"] == "auto"


def test_views_without_detail_are_the_model_s_own(tiny_model: Path, picture: Path,
                                                  tmp_path: Path):
    reporter = Counter()
    request = ViewsRequest(image=str(picture), out=str(tmp_path / "out"), model=str(tiny_model),
                           steps=1, detail="off", device="cpu")
    assert jobs.run(request, reporter)["detail"] == "off"
    assert "detail" not in reporter.stages


# Progress.


def test_pace_shows_the_first_and_last_step():
    pace = Pace(interval_s=3600.0)
    shown = [done for done in range(1001) if pace.update("fit", done, 1000)]
    assert shown == [0, 1000]
    assert pace.update("texture", 0, 10), "a new stage is shown at once"


def test_pace_knows_no_eta_before_a_second_step():
    pace = Pace()
    pace.update("fit", 1, 100)
    assert pace.eta_s(1, 100) is None
    pace.update("fit", 2, 100)
    eta_s = pace.eta_s(2, 100)
    assert eta_s is not None
    assert eta_s >= 0
