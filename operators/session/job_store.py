# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on the disk of the jobs of every Blender, so that a job outlives one that crashes.

A session has a folder of its own for them, hidden among the results, and holds a lock as long as
it lives: the system lets go of that with the process. Whoever finds the notes of a session that
has ended takes them over. Where there can be no lock, nothing is noted.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import bpy

from ...engine.core.errors import EngineError
from ...engine.core.requests import REQUEST_FILE, REQUESTS, Request
from ...engine.core.resume import discard_work
from ..scene import ImportOptions, Place
from . import preferences as addon
from .jobs import Job, JobState
from .runner import runner

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FOLDER = ".jobs"
SCHEMA = "zero123.job/1"
EMPTY_S = 3600.0
"""Age of an empty folder that no note tells of; a younger one may be of a job that starts."""
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
               EngineError)


@dataclass
class Session:
    """The notes of one Blender in one results folder."""

    folder: Path
    lock: IO[bytes]


class Journal:
    """The notes of this Blender; of a second results folder, if the preferences change."""

    def __init__(self) -> None:
        self._sessions: dict[Path, Session] = {}
        self._seen: set[Path] = set()

    def note(self, context: bpy.types.Context, job: Job) -> None:
        """Have a job that starts outlive this Blender. What can't be noted runs all the same."""
        with suppress(OSError):
            session = self._session(addon.results_folder(context))
            if session is not None:
                note = session.folder / f"{job.id}.json"
                _write(note, job)
                job.note = note

    def look(self, context: bpy.types.Context) -> None:
        """Add to the list the jobs that can go on and whose Blender has ended, and remove empty
        folders that jobs have left.
        """
        results = addon.results_folder(context)
        self._seen.add(results)
        with suppress(OSError):
            self._take_over(results)
            _remove_empty(results)

    def has_looked(self, context: bpy.types.Context) -> bool:
        """Whether the list holds what was in the results folder since this Blender started."""
        return addon.results_folder(context) in self._seen

    def close(self) -> None:
        """Let go of the notes: whoever looks next takes over those that are left."""
        for session in self._sessions.values():
            with suppress(OSError):  # raised, and rightly, if there is a note in it
                session.folder.rmdir()
                _remove_lock(session)
            session.lock.close()
        self._sessions.clear()
        self._seen.clear()

    def _session(self, results: Path) -> Session | None:
        session = self._sessions.get(results)
        if session is not None and session.folder.is_dir():
            return session
        (results / FOLDER).mkdir(parents=True, exist_ok=True)
        folder = results / FOLDER / uuid.uuid4().hex
        lock = _lock(folder)  # before the folder is there to be found
        if lock is None:
            return None
        folder.mkdir()
        self._sessions[results] = Session(folder, lock)
        return self._sessions[results]

    def _take_over(self, results: Path) -> None:
        own = {session.folder for session in self._sessions.values()}
        for folder in sorted((results / FOLDER).glob("*/"), key=_written):
            if folder in own:
                continue
            with _ended(folder) as notes:
                for note in notes:
                    self._take(note, results)

    def _take(self, note: Path, results: Path) -> None:
        job = read_note(note)
        known = runner.jobs.get(job.id) if job else None
        if job is None or not (known or _is_stopped(job, note)):
            note.unlink()
            if job is not None:
                for folder in own_folders(job.request, job.kind):
                    _remove_if_empty(folder)
        elif (session := self._session(results)) is not None:
            note.replace(session.folder / note.name)
            (known or job).note = session.folder / note.name
            if known is None:
                runner.jobs.add(job)


def read_note(note: Path) -> Job | None:
    """The job that a note tells of, as one that was stopped; None if it can't be read."""
    try:
        facts = json.loads(note.read_text(encoding="utf-8"))
        if facts["schema"] != SCHEMA:
            return None
        request = REQUESTS[facts["kind"]].from_dict(facts["request"])
        place, options = facts["place"], facts["options"]
        return Job(note.stem, request, str(facts["title"]), state=JobState.STOPPED, note=note,
                   unfinished=True, elsewhere=bool(facts["elsewhere"]),
                   place=place and Place(tuple(map(float, place["frame"])), place["collection"]),
                   options=options and ImportOptions.from_dict(options))
    except _UNREADABLE:
        return None


def own_folders(request: Request, kind: str) -> list[Path]:
    """The folders among the results that were made for a job of this request alone."""
    given = Path(getattr(request, "data", "")).parent  # objects of the scene, to be trained on
    found = (Path(request.out), Path(request.out).parent, given)
    return [folder for folder in found
            if (name := addon.read_folder_name(folder)) is not None and name.kind == kind]


def discard(job: Job) -> None:
    """Delete what a job has kept to go on from, and its own folder if there is no result in it."""
    discard_work(job.request)
    for folder in own_folders(job.request, job.kind):
        if not (folder / REQUEST_FILE).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _write(note: Path, job: Job) -> None:
    facts = {"schema": SCHEMA, "kind": job.kind, "title": job.title, "elsewhere": job.elsewhere,
             "request": job.request.to_dict(), "place": job.place and asdict(job.place),
             "options": job.options and job.options.values()}
    partial = note.with_suffix(".part")
    partial.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    os.replace(partial, note)


def _is_stopped(job: Job, note: Path) -> bool:
    """Whether a job of a Blender that has ended can go on, and nothing else stands for it."""
    if not job.can_go_on or runner.jobs.of_result(job.request):
        return False
    done = Path(job.request.out) / REQUEST_FILE
    return not done.is_file() or done.stat().st_mtime < note.stat().st_mtime


def _written(path: Path) -> float:
    """A note's is the time of its job's start."""
    return path.stat().st_mtime


def _lock(folder: Path) -> IO[bytes] | None:
    """The lock of a session's folder, until it is closed; None if its Blender lives."""
    file = folder.with_suffix(".lock").open("ab")
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextmanager
def _ended(folder: Path) -> Iterator[list[Path]]:
    """The notes of a session, oldest first; none if it lives. What is still there afterwards goes.
    """
    lock = _lock(folder)
    if lock is None:
        yield []
        return
    with lock:
        yield sorted(folder.glob("*.json"), key=_written)
        shutil.rmtree(folder, ignore_errors=True)
        _remove_lock(Session(folder, lock))


def _remove_lock(session: Session) -> None:
    if sys.platform == "win32":  # which can't remove an open file
        session.lock.close()
    session.folder.with_suffix(".lock").unlink(missing_ok=True)


def _remove_empty(results: Path) -> None:
    """Remove jobs' folders that are old and empty, unless a note of any Blender tells of them."""
    notes = map(read_note, (results / FOLDER).glob("*/*.json"))
    needed = {folder for job in notes if job for folder in own_folders(job.request, job.kind)}
    latest = time.time() - EMPTY_S
    for folder in _job_folders(results):
        if folder not in needed and folder.stat().st_mtime < latest:
            _remove_if_empty(folder)


def _job_folders(results: Path) -> Iterable[Path]:
    return [path for path in results.iterdir()
            if addon.read_folder_name(path) is not None and path.is_dir()]


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # raised, and rightly, if there is anything in it
        folder.rmdir()


journal = Journal()
"""The one of this Blender."""
