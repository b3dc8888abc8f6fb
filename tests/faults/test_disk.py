# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full, read-only or changed by other programs, at every write of every kind of
job."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kinds import KINDS, content
from rounds import SOAK

from engine.core.errors import ErrorCode
from engine.core.failures import as_engine_error
from engine.core.reporting import SilentReporter
from engine.jobs import run as jobs

SLOW = ("reconstruct", "elevation")


class FaultyDisk:
    """Fails at one of the events by which Python creates, opens for writing or renames a file.

    Python reports them to its audit hooks before they happen, whichever library causes them; an
    exception from a hook is raised by the call.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.fail_at = self.count = 0
        self.error = errno.ENOSPC
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.folder is None or event not in ("open", "os.mkdir", "os.rename"):
            return
        if event == "open" and not int(arguments[2] or 0) & (  # type: ignore[call-overload]
                os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        path = arguments[1] if event == "os.rename" else arguments[0]
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path).startswith(
                str(self.folder)):
            return
        self.count += 1
        if self.count == self.fail_at:
            raise OSError(self.error, os.strerror(self.error), os.fspath(path))


FAULTY = FaultyDisk()


@pytest.fixture
def faulty_disk() -> Iterator[FaultyDisk]:
    yield FAULTY
    FAULTY.folder = None


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT],
                         ids=errno.errorcode.get)
@pytest.mark.parametrize("kind", KINDS)
def test_failed_write_is_reported_and_keeps_the_old_result(
        tiny_model: Path, picture: Path, tmp_path: Path, faulty_disk: FaultyDisk, kind: str,
        error: int) -> None:
    """Each write of the job fails once, over an older result; then the job succeeds."""
    if not SOAK and (kind in SLOW or error in (errno.EROFS, errno.ENOENT)):
        pytest.skip("the long session does this")
    request = KINDS[kind](str(picture), str(tiny_model), tmp_path)
    jobs.run(request, SilentReporter())
    before = content(tmp_path)
    faulty_disk.error, told = error, 0
    for number in range(1, 200):
        faulty_disk.folder, faulty_disk.fail_at, faulty_disk.count = tmp_path, number, 0
        try:
            jobs.run(request, SilentReporter())
        except Exception as caught:
            faulty_disk.folder = None
            failure = as_engine_error(caught)
            assert failure.code is ErrorCode.DISK, (number, caught)
            told += 1
            assert failure.hint
            # The files of an existing folder are replaced one by one, after all have been written.
            left = {name: data for name, data in content(tmp_path).items()
                    if ".resume" not in name}
            assert left == before, number
        else:
            faulty_disk.folder = None
            if faulty_disk.count < number:
                break
            # The fault had no effect; only the times in the job's report differ.
            before = content(tmp_path)
    else:
        pytest.fail("there is no end of writes")
    assert told
    jobs.run(request, SilentReporter())
    assert content(tmp_path).keys() == before.keys()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.getuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200k", "none", place], check=False,
            capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_full_disk_is_reported_and_a_retry_succeeds(
        tiny_model: Path, picture: Path, small_disk: Path, kind: str) -> None:
    if not SOAK and kind == "elevation":
        pytest.skip("the long session does this")
    (small_disk / "ballast").write_bytes(bytes(192 * 1024))
    request = KINDS[kind](str(picture), str(tiny_model), small_disk)
    try:
        jobs.run(request, SilentReporter())
    except Exception as caught:
        failure = as_engine_error(caught)
        assert failure.code is ErrorCode.DISK
        assert failure.hint
        assert [path.name for path in small_disk.iterdir() if not path.name.startswith(".")] == [
            "ballast"]
    else:
        assert kind in ("prepare", "segment", "elevation")  # which may be small enough
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    jobs.run(request, SilentReporter())
    assert any(path.name.startswith("result") for path in small_disk.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_read_only_disk_is_reported(tiny_model: Path, picture: Path, small_disk: Path,
                                              kind: str) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    request = KINDS[kind](str(picture), str(tiny_model), small_disk)
    with pytest.raises(Exception) as caught:
        jobs.run(request, SilentReporter())
    failure = as_engine_error(caught.value)
    assert failure.code is ErrorCode.DISK
    assert "read-only" in failure.message.lower() or "Read-only" in failure.message


class Thief(SilentReporter):
    """Removes a file or folder at a stage of a job."""

    def __init__(self, stage: str, path: Path) -> None:
        self.stage, self.path = stage, path

    def progress(self, stage: str, done: int, total: int) -> None:
        if stage == self.stage:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.unlink(missing_ok=True)


@pytest.mark.parametrize(("kind", "stage", "what"), [
    ("views", "sample", "hidden"), ("views", "load model", "picture"),
    ("views", "prepare", "picture"), ("reconstruct", "fit", "hidden"),
    ("segment", "segment", "hidden"),
    ("segment", "segment", "picture")])
def test_vanished_file_is_reported_or_not_needed(
        tiny_model: Path, picture: Path, tmp_path: Path, kind: str, stage: str,
        what: str) -> None:
    """The hidden folder of unfinished work, or the input image, vanishes."""
    image = Path(shutil.copy(picture, tmp_path / "ball.png"))
    place = tmp_path / "results"
    place.mkdir()
    request = KINDS[kind](str(image), str(tiny_model), place)
    try:
        jobs.run(request, Thief(stage, place if what == "hidden" else image))
    except Exception as caught:
        failure = as_engine_error(caught)
        assert failure.code in (ErrorCode.DISK, ErrorCode.BAD_INPUT), caught
        assert failure.hint
        assert not [path for path in place.glob("*") if not path.name.startswith(".")]
    shutil.copy(picture, image)
    place.mkdir(exist_ok=True)
    jobs.run(request, SilentReporter())
    assert any(path.name.startswith("result") for path in place.iterdir())
