# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of running jobs on the disk, so that a resumable job survives a crash of Blender.

Each Blender has its own folder for its records, hidden in the results folder, and holds a lock on
it while it runs. A Blender that finds the records of one that has ended takes them over. Where
files cannot be locked, nothing is recorded.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import bpy

from ...engine.core.errors import EngineError
from ...engine.core.files import UNREADABLE_JSON
from ...engine.core.locks import locked_file, try_lock
from ...engine.core.requests import REQUEST_FILE, REQUESTS, Request
from ...engine.core.resume import discard_work
from ...engine.core.staging import staged_file
from ..scene import ImportOptions, Place
from ..scene.folder_names import read_folder_name
from . import preferences as addon
from .jobs import Job, JobList, JobState

FOLDER = ".jobs"
SCHEMA = "zero123.job/1"
EMPTY_S = 3600.0
"""Age in seconds at which an empty job folder without a record is removed; a younger one may
belong to a job that is starting."""


@dataclass
class LockedFolder:
    """The folder with the records of one Blender in one results folder."""

    path: Path
    lock: ExitStack
    """Releases the lock when it is closed."""


class JobStore:
    """The records of this Blender, in each results folder that the preferences have named."""

    def __init__(self, jobs: JobList) -> None:
        self._jobs = jobs
        self._folders: dict[Path, LockedFolder] = {}
        self._read: set[Path] = set()

    def save(self, context: bpy.types.Context, job: Job) -> None:
        """Record a job that starts. A job whose record cannot be written runs nevertheless."""
        with suppress(OSError, EngineError):
            record = self._own_folder(addon.results_folder(context)) / f"{job.id}.json"
            _write(record, job)
            job.record = record

    def refresh(self, context: bpy.types.Context) -> None:
        """Add the resumable jobs of ended Blenders, and remove empty job folders."""
        results = addon.results_folder(context)
        self._read.add(results)
        with suppress(OSError):
            self._take_over(results)
            _remove_empty(results)

    def is_read(self, context: bpy.types.Context) -> bool:
        """Whether `refresh` has read the current results folder in this session."""
        return addon.results_folder(context) in self._read

    def close(self) -> None:
        """Release the records; the next `refresh` of any Blender takes over those that are left."""
        for folder in self._folders.values():
            with suppress(OSError):  # a folder with records cannot be removed, and must not be
                folder.path.rmdir()
            folder.lock.close()
        self._folders.clear()
        self._read.clear()

    def _own_folder(self, results: Path) -> Path:
        """The folder of this Blender's records; an OSError means that there cannot be one."""
        known = self._folders.get(results)
        if known is not None and known.path.is_dir():
            return known.path
        (results / FOLDER).mkdir(parents=True, exist_ok=True)
        path = results / FOLDER / uuid.uuid4().hex
        with ExitStack() as lock:
            # Before the folder exists and another Blender can find it.
            lock.enter_context(locked_file(_lock_file(path)))
            path.mkdir()
            self._folders[results] = LockedFolder(path, lock.pop_all())
        return path

    def _take_over(self, results: Path) -> None:
        """Take over the records of Blenders that have ended, in the order of their start."""
        own = {folder.path for folder in self._folders.values()}
        for folder in sorted((results / FOLDER).glob("*/"), key=_written):
            if folder in own:
                continue
            with try_lock(_lock_file(folder)) as abandoned:
                if abandoned:
                    for record in sorted(folder.glob("*.json"), key=_written):
                        self._adopt(record, results)
                    shutil.rmtree(folder, ignore_errors=True)

    def _adopt(self, record: Path, results: Path) -> None:
        job = read_record(record)
        known = self._jobs.get(job.id) if job else None
        if job is None or not (known or self._is_stopped(job, record)):
            record.unlink()
            if job is not None:
                for folder in own_folders(job.request, job.kind):
                    _remove_if_empty(folder)
        else:
            moved = record.replace(self._own_folder(results) / record.name)
            (known or job).record = moved
            if known is None:
                self._jobs.add(job)

    def _is_stopped(self, job: Job, record: Path) -> bool:
        """Whether an abandoned job can be resumed and no listed job or newer result replaces it."""
        if not job.can_resume or self._jobs.of_result(job.request):
            return False
        done = Path(job.request.out) / REQUEST_FILE
        return not done.is_file() or done.stat().st_mtime < record.stat().st_mtime


def read_record(record: Path) -> Job | None:
    """The job in a record file, in the state STOPPED; None if the file cannot be read."""
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
        if facts["schema"] != SCHEMA:
            return None
        request = REQUESTS[facts["kind"]].from_dict(facts["request"])
        place, options = facts["place"], facts["options"]
        return Job(record.stem, request, str(facts["title"]), state=JobState.STOPPED,
                   record=record, unfinished=True, elsewhere=bool(facts["elsewhere"]),
                   place=place and Place(tuple(map(float, place["frame"])), place["collection"]),
                   options=options and ImportOptions.from_dict(options))
    except (*UNREADABLE_JSON, EngineError):
        return None


def own_folders(request: Request, kind: str) -> list[Path]:
    """The folders in the results folder that were created for the job of this request alone."""
    given = Path(getattr(request, "data", "")).parent  # exported objects to train on
    found = (Path(request.out), Path(request.out).parent, given)
    return [folder for folder in found
            if (name := read_folder_name(folder)) is not None and name.kind == kind]


def discard(job: Job) -> None:
    """Delete a job's intermediate results, and its own folder if that contains no result."""
    discard_work(job.request)
    for folder in own_folders(job.request, job.kind):
        if not (folder / REQUEST_FILE).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _write(record: Path, job: Job) -> None:
    facts = {"schema": SCHEMA, "kind": job.kind, "title": job.title, "elsewhere": job.elsewhere,
             "request": job.request.to_dict(), "place": job.place and asdict(job.place),
             "options": job.options and job.options.values()}
    with staged_file(record) as stage:
        stage.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _written(path: Path) -> float:
    """Modification time; a record is written when its job starts."""
    return path.stat().st_mtime


def _lock_file(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _remove_empty(results: Path) -> None:
    """Remove old, empty job folders that no record of any Blender names."""
    jobs = map(read_record, (results / FOLDER).glob("*/*.json"))
    needed = {folder for job in jobs if job for folder in own_folders(job.request, job.kind)}
    latest = time.time() - EMPTY_S
    for folder in _job_folders(results):
        if folder not in needed and folder.stat().st_mtime < latest:
            _remove_if_empty(folder)


def _job_folders(results: Path) -> Iterable[Path]:
    return [path for path in results.iterdir()
            if read_folder_name(path) is not None and path.is_dir()]


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # raised for a folder that is not empty
        folder.rmdir()
