# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on the folders of jobs that come from other computers.

A folder is locked while files arrive in it and while an engine works in it. The operating system
releases the lock of a process that ends, so a wrong clock cannot make a used folder look unused.
Standard library only.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where no jobs come to
    fcntl = None  # type: ignore[assignment]

KEPT_S = 7 * 24 * 3600
"""Seconds that an unused folder is kept: its caller may come back to resume the job."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep `forget_old` from removing a folder."""
    with _opened(folder) as lock:
        if lock is not None:
            with suppress(OSError):  # some network disks know no locks
                fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def held_for(out: Path, root: Path) -> Iterator[None]:
    """Hold the folder of the job with this result, if it is one of the folders in `root`."""
    folder = out.parent.parent
    if folder.parent != root:
        yield
        return
    with held(folder):
        yield


def forget_old(root: Path) -> None:
    """Remove the folders in `root` that nobody has used for `KEPT_S` and nobody holds."""
    for folder in root.glob("*"):
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
