# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes hidden folders, often of gigabytes, left behind by killed imports and trainings.

An import or training holds a lock on the name of its model, which the system releases when the
process ends.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..core.errors import EngineError, ErrorCode
from ..core.locks import try_lock
from ..core.staging import HINT

STAGE = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
"""Name of a folder made by `staging.staged_folder`, or of a model that is being removed."""


@contextmanager
def alone_at(out: Path) -> Iterator[None]:
    """Prevent other processes from making the same model's folder during the block, and first
    remove files left behind by killed ones.

    Raises:
        EngineError: `BAD_INPUT` if another process is making it, `DISK` if `out` can't be written.
    """
    with ExitStack() as lock:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            held = lock.enter_context(try_lock(_lock_file(out.parent, out.name)))
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write to {out}: {error.strerror}",
                              HINT) from error
        if not held:
            raise EngineError(ErrorCode.BAD_INPUT, f"{out} is being written by another process",
                              "wait until it has finished, or give another name")
        _clear(out.parent, out.name)
        yield


def remove_stale_files(models: Path) -> list[str]:
    """Remove files of killed processes from the models folder. Returns the models' names."""
    found = {match["name"] for path in _stages(models) if (match := STAGE.fullmatch(path.name))}
    cleared = []
    for name in sorted(found):
        # Errors are ignored: the folder may belong to another user.
        with suppress(OSError), try_lock(_lock_file(models, name)) as held:
            if held:
                _clear(models, name)
                cleared.append(name)
    return cleared


def _lock_file(folder: Path, name: str) -> Path:
    return folder / f".{name}.import.lock"


def _stages(folder: Path) -> list[Path]:
    """Folders of unfinished models. A replacement of a model is made in the model's folder."""
    return [path for pattern in (".*.tmp", "*/.*.tmp") for path in folder.glob(pattern)
            if path.is_dir() and not path.is_symlink()]


def _clear(folder: Path, name: str) -> None:
    for path in _stages(folder):
        match = STAGE.fullmatch(path.name)
        if match and match["name"] == name:
            shutil.rmtree(path, ignore_errors=True)
