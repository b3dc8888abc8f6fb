# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of the jobs that come from other computers, and which of them are being worked in.

A folder is locked while files come in and while an engine works; the system lets go of that with
the process. So a clock that jumps makes no folder look left alone. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..setup.environment import user_folder

try:
    import fcntl
except ImportError:  # Windows, where no jobs come to
    fcntl = None  # type: ignore[assignment]

KEPT_S = 7 * 24 * 3600
"""How long the folder of a job stays whose caller was cut off, or may go on with it."""


def job_folder(name: str | Path) -> Path:
    """Where a job's files are kept."""
    return user_folder() / "remote" / name


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep `forget_old` from a folder."""
    with _opened(folder) as lock:
        if lock is not None:
            with suppress(OSError):  # some network disks know no locks
                fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def held_for(out: Path) -> Iterator[None]:
    """The same for a job with this result, if it came from another computer."""
    folder = out.parent.parent
    if folder.parent != job_folder(""):
        yield
        return
    with held(folder):
        yield


def forget_old() -> None:
    """Remove the folders that nobody has used for long, nor uses now."""
    for folder in job_folder("").glob("*"):
        with _opened(folder) as lock:
            if time.time() - folder.stat().st_mtime > KEPT_S and not _is_held(lock):
                shutil.rmtree(folder, ignore_errors=True)


def _is_held(lock: int | None) -> bool:
    """Whether a folder is held. If it isn't, it can't be until it is closed."""
    if lock is None:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """A folder, to be locked; None where there can be no lock."""
    if fcntl is None or not folder.is_dir():
        yield None
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        yield lock
    finally:
        os.close(lock)
