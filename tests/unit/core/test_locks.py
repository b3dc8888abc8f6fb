# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks keep others out, end with their process, and leave no file behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.core.locks import locked_file, locked_folder

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from engine.core.locks import locked_file
with locked_file(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_held_lock_is_refused_without_waiting(tmp_path: Path):
    with (locked_file(tmp_path / "lock"), pytest.raises(BlockingIOError),
          locked_file(tmp_path / "lock", wait=False)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_ends_with_its_process(tmp_path: Path):
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    with pytest.raises(BlockingIOError), locked_file(path, wait=False):
        pass
    holder.kill()
    holder.wait()
    with locked_file(path, wait=False):
        pass


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_one_after_the_other(tmp_path: Path, kind: str):
    """Many threads that wait for a lock, which is removed each time, never hold it together."""
    inside, most = [], []

    def work() -> None:
        for _ in range(30):
            with locked_file(tmp_path / "lock") if kind == "file" else locked_folder(tmp_path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 120
