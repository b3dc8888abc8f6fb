# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks exclude others, end with their process, and leave no file behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.core.locks import locked_file, locked_folder, try_lock

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from engine.core.locks import locked_file
with locked_file(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_try_lock_refuses_a_held_lock(tmp_path: Path):
    with locked_file(tmp_path / "lock"), try_lock(tmp_path / "lock") as held:
        assert not held
    assert list(tmp_path.iterdir()) == []


def test_lock_ends_with_its_process(tmp_path: Path):
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    with try_lock(path) as held:
        assert not held
    holder.kill()
    holder.wait()
    with try_lock(path) as held:
        assert held


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_lock_is_held_by_one_thread_at_a_time(tmp_path: Path, kind: str):
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
