# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python: made, replaced, and untouched if anything goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from wheels import empty_wheels

from engine.cli import main
from engine.environment import REQUIREMENTS, find_python, venv_python
from engine.installation import install
from engine.protocol import EngineError, ErrorCode, JobCancelled
from engine.reporting import SilentReporter


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_wheels(tmp_path_factory.mktemp("bundle") / "wheels")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Where an environment stands that must survive."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "earlier").touch()
    return folder


def assert_untouched(earlier: Path) -> None:
    assert (earlier / "earlier").is_file()
    assert {path.name for path in earlier.parent.iterdir()} <= {"engine", "engine.log"}


def test_it_installs_without_a_network_and_replaces_what_was_there(
        wheels: Path, earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--folder", str(earlier), "--wheels", str(wheels)]) == 0
    python = venv_python(earlier)
    assert capsys.readouterr().out.strip() == str(python)
    assert not (earlier / "earlier").exists()
    assert {path.name for path in earlier.parent.iterdir()} == {"engine", "engine.log"}
    assert "torch" in earlier.with_suffix(".log").read_text()
    assert find_python(str(python)) == python


def test_a_library_that_cannot_be_had_leaves_the_earlier_environment(
        tmp_path: Path, earlier: Path) -> None:
    bundle = empty_wheels(tmp_path.parent / f"{tmp_path.name}-bundle", without="xatlas")
    with pytest.raises(EngineError) as caught:
        install(earlier, SilentReporter(), wheels=bundle)
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "xatlas" in caught.value.message
    assert "engine.log" in caught.value.hint
    assert_untouched(earlier)


class StopAtLibraries(SilentReporter):
    def progress(self, stage: str, done: int, total: int) -> None:
        if done == 1:
            raise JobCancelled


def test_a_stopped_installation_leaves_the_earlier_environment(wheels: Path, earlier: Path) -> None:
    with pytest.raises(JobCancelled):
        install(earlier, StopAtLibraries(), wheels=wheels)
    assert_untouched(earlier)


def test_an_installation_that_was_killed_while_it_replaced_loses_nothing(
        wheels: Path, earlier: Path) -> None:
    earlier.rename(earlier.with_name("engine.old"))
    with pytest.raises(JobCancelled):
        install(earlier, StopAtLibraries(), wheels=wheels)
    assert_untouched(earlier)


def test_a_full_disk_is_told_before_anything_is_written(
        wheels: Path, earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000_000))
    with pytest.raises(EngineError) as caught:
        install(earlier, SilentReporter(), wheels=wheels)
    assert caught.value.code is ErrorCode.DISK
    assert_untouched(earlier)


def test_a_missing_folder_of_wheels_is_bad_input(tmp_path: Path) -> None:
    assert main(["install", "--folder", str(tmp_path / "engine"), "--wheels",
                 str(tmp_path / "nothing")]) == ErrorCode.BAD_INPUT.exit_code


def test_a_file_in_the_way_is_the_disks_error(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError) as caught:
        install(tmp_path / "file" / "engine", SilentReporter(), wheels=wheels)
    assert caught.value.code is ErrorCode.DISK


def test_every_requirement_is_in_the_list_that_is_installed(wheels: Path) -> None:
    there = {path.name.partition("-")[0].replace("_", "-").lower() for path in wheels.iterdir()}
    assert {wanted.name.lower() for wanted in REQUIREMENTS} <= there
