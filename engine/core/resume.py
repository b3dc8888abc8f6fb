# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a long job that is kept beside its result, so that the job can be resumed.

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
"""File that marks a work folder and holds the key of its request."""


@dataclass(frozen=True)
class WorkInProgress:
    """The hidden folder beside a result with the work done so far."""

    folder: Path
    key: str
    """Digest of the request and its input files, see `request_key`."""

    @property
    def views(self) -> Path:
        """The views.json of the sampled views, once it exists."""
        return self.folder / "views" / "views.json"


@contextmanager
def work_in_progress(request: ReconstructRequest | TrainRequest) -> Iterator[WorkInProgress]:
    """The folder for a job's intermediate results; it is removed when the job is done.

    It stays if the job is stopped or fails after something was kept, for the same request with
    `resume`. It is removed if the input is bad, because the same request would fail again. Without
    `resume`, or for another request, it starts empty.

    Raises:
        EngineError: `DISK` if the folder cannot be made.
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
    """The folder, beside the result, for a request's work in progress."""
    out = Path(request.out)
    return out.parent / f".{out.name}.resume"


def discard_work(request: Request) -> None:
    """Remove a request's work in progress, if there is any."""
    folder = work_folder(request)
    if (folder / NOTE).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def request_key(request: Request) -> str:
    """Digest of all that determines a result: kind, settings, and contents of the input files."""
    decisive = {f.name: getattr(request, f.name) for f in fields(request)
                if f.metadata.get("changes_result", True)}
    files: dict[str, str] = {}
    for name in request.fields_with("reads"):
        # A file may move; a folder is identified by its path, also after it is gone.
        if os.path.isfile(decisive[name]):
            files[name] = sha256(Path(decisive.pop(name)))
    described = json.dumps([request.KIND, decisive, files], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()
