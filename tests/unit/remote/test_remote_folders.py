# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old folders of jobs from other computers are removed, but not because the clock is wrong.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from engine.core.locks import remove_unused_folders
from engine.core.reporting import SilentReporter
from engine.core.requests import PrepareRequest
from engine.jobs import run as jobs
from engine.remote import remote_agent as desk
from engine.remote.archive import pack
from engine.setup import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs come to POSIX systems")
LONG_S = 30 * 86400.0


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that contains the folders of jobs."""
    monkeypatch.setattr(environment, "user_folder", lambda: tmp_path)
    return tmp_path / "remote"


def jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is set forward by a month."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + LONG_S)


class Outsider(SilentReporter):
    """Starts another job during a job."""

    def __init__(self, seen: list[bool], folder: Path) -> None:
        self.seen, self.folder = seen, folder

    def progress(self, stage: str, done: int, total: int) -> None:
        remove_unused_folders(environment.remote_jobs_folder())
        self.seen.append(self.folder.is_dir())


def test_running_job_keeps_its_remote_folder(
        folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (16, 12, 48, 36))
    picture.save(tmp_path / "picture.png")
    folder = folders / "0123"
    (folder / "out").mkdir(parents=True)
    jump(monkeypatch)
    seen: list[bool] = []
    request = PrepareRequest(image=str(tmp_path / "picture.png"),
                             out=str(folder / "out" / "shown.png"))
    jobs.run(request, Outsider(seen, folder))
    assert seen and all(seen)
    remove_unused_folders(environment.remote_jobs_folder())
    assert not folder.exists()


def test_remote_folder_is_kept_while_files_arrive(folders: Path, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"0" * 100_000)
    stream = io.BytesIO()
    pack([(tmp_path / "file", "file")], stream)
    folder, unpacked = folders / "0123", desk.unpack

    def unpack(*arguments: object) -> None:
        jump(monkeypatch)
        remove_unused_folders(environment.remote_jobs_folder())
        unpacked(*arguments)

    monkeypatch.setattr(desk, "unpack", unpack)
    monkeypatch.setattr(desk.sys, "stdin", io.TextIOWrapper(io.BytesIO(stream.getvalue())))
    desk.put(folder)
    assert (folder / "in" / "file").stat().st_size == 100_000
    assert (folder / "out").is_dir()


def test_remote_folder_of_a_killed_process_expires(folders: Path) -> None:
    old, young = folders / "old", folders / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    past = time.time() - LONG_S
    os.utime(old, (past, past))
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(old)], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    remove_unused_folders(environment.remote_jobs_folder())
    assert old.is_dir()
    holder.kill()
    holder.wait()
    remove_unused_folders(environment.remote_jobs_folder())
    assert not old.exists() and young.is_dir()


_HOLD = """
import sys
from pathlib import Path
from engine.core.locks import hold_folder
with hold_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
