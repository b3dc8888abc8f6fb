# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks between processes, and the folders of jobs from other computers, which locks protect.

The operating system releases the locks of a process when it ends, even if it is killed, so that no
lock is left over and no time limit is needed. Standard library only: Blender's own Python imports
this module.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

KEPT_S = 7 * 24 * 3600
"""Seconds that an unused folder is kept: the job in it may be resumed."""
POLL_S = 0.05
"""Seconds between two attempts where the system cannot wait for a lock."""
BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""Error numbers for a lock that another process holds."""


@contextmanager
def locked_file(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold a lock that is a file of its own; the file is removed at the end of the block.

    Raises:
        BlockingIOError: another process holds the lock, and `wait` is false.
        OSError: the file cannot be created.
    """
    file = _acquired(path, wait)
    try:
        yield
    finally:
        if os.name != "nt":  # while it is locked, so that nobody else can hold it
            path.unlink(missing_ok=True)
        file.close()
        if os.name == "nt":  # where an open file cannot be removed
            with suppress(OSError):
                path.unlink()


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Like `locked_file`, without waiting. Yields False if another process holds the lock.

    Raises:
        OSError: the file cannot be created.
    """
    with ExitStack() as lock:
        try:
            lock.enter_context(locked_file(path, wait=False))
        except BlockingIOError:
            yield False
        else:
            yield True


def _acquired(path: Path, wait: bool) -> IO[bytes]:
    """The open and locked file. It is opened again if its last holder has removed it."""
    while True:
        file = path.open("ab")
        try:
            _lock(file, wait)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: IO[bytes], wait: bool) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            return
        except OSError as error:
            if error.errno not in BUSY:
                raise
            if not wait:
                raise BlockingIOError(*error.args) from error
        time.sleep(POLL_S)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold a folder alone, after waiting for other processes. Where it cannot be locked, as on some
    network disks, the block runs without a lock."""
    with ExitStack() as lock:
        with suppress(OSError):
            if fcntl is not None:  # the folder itself can be locked
                lock.enter_context(_open_folder(folder, fcntl.LOCK_EX))
            else:
                lock.enter_context(locked_file(_stand_in(folder)))
        yield


def _stand_in(folder: Path) -> Path:
    """The temporary file that is locked in place of a folder, where only files can be locked."""
    name = hashlib.sha256(os.path.normcase(folder.resolve()).encode()).hexdigest()
    locks = Path(tempfile.gettempdir()) / "zero123-locks"
    locks.mkdir(exist_ok=True)
    return locks / f"{name}.lock"


@contextmanager
def _open_folder(folder: Path, operation: int) -> Iterator[None]:
    """A folder, open and locked (POSIX)."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, operation)
        yield
    finally:
        os.close(opened)


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep `remove_unused_folders` from removing a folder; any number of processes may hold it."""
    with ExitStack() as shared:
        if fcntl is not None:
            with suppress(OSError):
                shared.enter_context(_open_folder(folder, fcntl.LOCK_SH))
        yield


@contextmanager
def hold_job_folder(out: Path, root: Path) -> Iterator[None]:
    """Hold the folder of the job with this result, if it is one of the folders in `root`."""
    folder = out.parent.parent
    if folder.parent != root:
        yield
        return
    with hold_folder(folder):
        yield


def remove_unused_folders(root: Path) -> None:
    """Remove the folders in `root` that nobody has used for `KEPT_S` and nobody holds."""
    for folder in root.glob("*/"):
        if time.time() - folder.stat().st_mtime <= KEPT_S or fcntl is None:
            continue
        with suppress(BlockingIOError), _open_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
