# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What imports and trainings leave behind that were killed: gigabytes in hidden folders.

Each holds a lock on the name that it makes, which the system lets go of with the process.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..core.errors import EngineError, ErrorCode
from ..core.staging import HINT

STAGE = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
"""The name of a folder of `outputs.staged_folder`, or of a model that is being removed."""


@contextmanager
def alone_at(out: Path) -> Iterator[None]:
    """Make a model's folder as the only process that does; what a killed one has left goes first.

    Raises:
        EngineError: `BAD_INPUT` if another process is at it, `DISK` if `out` can't be written.
    """
    path = _lock_file(out.parent, out.name)
    lock = FileLock(path)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{out} is being made by another process",
                          "wait for it, or give another name") from error
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write to {out}: {error.strerror}",
                          HINT) from error
    try:
        _clear(out.parent, out.name)
        yield
    finally:
        _let_go(lock, path)


def remove_stale_files(models: Path) -> list[str]:
    """Remove what killed processes have left in the models folder; returns the models' names."""
    found = {match["name"] for path in _stages(models) if (match := STAGE.fullmatch(path.name))}
    cleared = []
    for name in sorted(found):
        path = _lock_file(models, name)
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except OSError:  # somebody is at work, or the folder isn't ours to change
            continue
        _clear(models, name)
        _let_go(lock, path)
        cleared.append(name)
    return cleared


def _lock_file(folder: Path, name: str) -> Path:
    return folder / f".{name}.import.lock"


def _let_go(lock: FileLock, path: Path) -> None:
    if os.name != "nt":  # which can't remove an open file
        path.unlink(missing_ok=True)
    lock.release()


def _stages(folder: Path) -> list[Path]:
    """Folders of models to be; what replaces an older model is made inside that."""
    return [path for pattern in (".*.tmp", "*/.*.tmp") for path in folder.glob(pattern)
            if path.is_dir() and not path.is_symlink()]


def _clear(folder: Path, name: str) -> None:
    for path in _stages(folder):
        match = STAGE.fullmatch(path.name)
        if match and match["name"] == name:
            shutil.rmtree(path, ignore_errors=True)
