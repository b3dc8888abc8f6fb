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
from dataclasses import dataclass, fields
from pathlib import Path

from .errors import EngineError, ErrorCode
from .files import sha256
from .requests import ReconstructRequest, Request, TrainRequest
from .staging import staged_file

NOTE = "request.sha256"
"""Names a work folder as one of these, and tells which request it belongs to."""


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
def work_in_progress(request: ReconstructRequest | TrainRequest) -> Iterator[WorkInProgress]:
    """The folder for a job's intermediate results; it goes away when the job is done.

    It stays if the job is stopped or fails after something was kept, for the same request with
    `resume`; not if the input is bad, because then the same request would fail again. Without
    `resume`, or for another request, it starts empty.

    Raises:
        EngineError: `DISK` if it can't be made.
    """
    out = Path(request.out)
    folder = work_folder(request)
    key = request_key(request)
    note = folder / NOTE
    try:
        if not request.resume or not note.is_file() or note.read_text() != key:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            with staged_file(note) as stage:
                stage.write_text(key)
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


def work_folder(request: Request) -> Path:
    """Where a request's work in progress is kept, beside its result."""
    out = Path(request.out)
    return out.parent / f".{out.name}.resume"


def discard_work(request: Request) -> None:
    """Remove a request's work in progress, if there is any."""
    folder = work_folder(request)
    if (folder / NOTE).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def request_key(request: Request) -> str:
    """Digest of what decides a result: kind, settings, and the content of the input files."""
    decisive = {f.name: getattr(request, f.name) for f in fields(request)
                if f.metadata.get("changes_result", True)}
    files: dict[str, str] = {}
    for name in request.fields_with("reads"):
        if not os.path.isdir(decisive[name]):  # a folder is known by its path
            path = decisive.pop(name)
            if os.path.isfile(path):
                files[name] = sha256(Path(path))
    described = json.dumps([request.KIND, decisive, files], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()
