# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a long job keeps beside its result while it runs, so that it can go on after a stop.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .outputs import sha256
from .protocol import EngineError, ErrorCode
from .requests import ReconstructRequest

NOT_DECISIVE = ("out", "resume", "device")
"""Fields of a request that don't change what is made."""


@dataclass(frozen=True)
class WorkInProgress:
    """A hidden folder beside the result."""

    folder: Path
    key: str
    """Digest of the request and of the files it starts from."""

    @property
    def views(self) -> Path:
        """The sampled views, once they are there."""
        return self.folder / "views" / "views.json"


@contextmanager
def work_in_progress(request: ReconstructRequest) -> Iterator[WorkInProgress]:
    """The folder for a job's intermediate results; it goes away when the job is done.

    It stays if the job is stopped or fails after something was kept, for the same request with
    `resume`; not if the input is bad, because then the same request would fail again. Without
    `resume`, or for another request, it starts empty.

    Raises:
        EngineError: `DISK` if it can't be made.
    """
    out = Path(request.out)
    folder = out.parent / f".{out.name}.resume"
    key = _key(request)
    note = folder / "request.sha256"
    try:
        if not request.resume or not note.is_file() or note.read_text() != key:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            partial = note.with_suffix(".part")
            partial.write_text(key)
            os.replace(partial, note)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write beside {out}: {error.strerror}",
                          "choose a folder you can write to, with space left") from error
    try:
        yield WorkInProgress(folder, key)
        shutil.rmtree(folder, ignore_errors=True)
    except EngineError as error:
        if error.code is ErrorCode.BAD_INPUT:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        if folder.is_dir() and all(path == note for path in folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)


def _key(request: ReconstructRequest) -> str:
    decisive = {name: value for name, value in request.to_dict().items()
                if name not in NOT_DECISIVE}
    files = [sha256(path) for path in (Path(request.image), Path(request.views)) if path.is_file()]
    return hashlib.sha256(json.dumps([decisive, files], sort_keys=True).encode()).hexdigest()
