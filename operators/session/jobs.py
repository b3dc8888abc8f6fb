# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this Blender session, and those that an earlier one has left unfinished: plain
Python, out of reach of undo and file loading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.protocol import Accepted, Cancelled, Done, Failed, Message, Preview, Progress
from ...engine.core.request import Request, SceneImport
from ...engine.core.requests import PrepareRequest
from ...engine.core.resume import work_folder

if TYPE_CHECKING:
    from ..scene import ImportOptions, Place

MAX_ENDED = 20
"""Ended jobs that are remembered; their files stay on the disk."""


class JobState(Enum):
    """What a job is doing. The value is what a person reads."""

    WAITING = "Waiting"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    DONE = "Done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    STOPPED = "Stopped"
    """Its Blender has ended before it."""

    @property
    def ended(self) -> bool:
        """Whether no report can follow."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.STOPPED)


@dataclass(frozen=True)
class Mend:
    """A view of an earlier result that a job makes again."""

    path: Path
    """The result's views.json."""
    pose: tuple[float, float, float]
    """Azimuth and elevation in degrees, radius."""


@dataclass
class Job:
    """One request to the engine and what is known about it. Holds no reference into Blender."""

    id: str
    request: Request
    title: str
    """Name of the picture, or the text, as a person knows it."""
    scene_uid: int = 0
    """`session_uid` of the scene that receives the result."""
    place: Place | None = None
    """Where the result goes if it belongs to something in the scene."""
    options: ImportOptions | None = None
    """How the result comes into the scene, if that was decided with the job."""
    mends: Mend | None = None
    """The view that takes the result as its picture."""
    state: JobState = JobState.WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    error: EngineError | None = None
    preview: Path | None = None
    """The mesh so far, which the engine overwrites while it works."""
    preview_count: int = 0
    picture: Path | None = None
    """The same as a rendered picture; of a job that makes one picture, that picture."""
    picture_count: int = 0
    import_pending: bool = False
    """The result is on the disk and still has to be brought into the scene."""
    elsewhere: bool = False
    """Another computer does the work, and keeps what is done."""
    note: Path | None = None
    """The file by which a later Blender knows of it."""
    unfinished: bool = False
    """It has ended, and there is something to go on from: it stays in the list until it goes on or
    is discarded."""

    @property
    def kind(self) -> str:
        """Name of the request's class on the wire, such as "views" or "reconstruct"."""
        return self.request.KIND

    @property
    def for_the_scene(self) -> bool:
        """Whether the result is imported, and not just something to look at or to go on from."""
        return self.request.SCENE_IMPORT is not SceneImport.NOTHING

    @property
    def can_go_on(self) -> bool:
        """Whether it was stopped, and what it had done by then is kept."""
        return (self.state in (JobState.CANCELLED, JobState.FAILED, JobState.STOPPED)
                and self.request.RESUMABLE)

    @property
    def result(self) -> Path:
        """The file that stands for the whole result; it exists once the job is done."""
        return self.request.result

    @property
    def fraction(self) -> float:
        """How much of the current stage is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    def apply(self, message: Message) -> bool:
        """Take a report into account. Returns whether anything changed.

        Reports after the terminal one are ignored: a job ends once.
        """
        if self.state.ended:
            return False
        match message:
            case Accepted():
                return False
            case Progress():
                if self.state is JobState.WAITING:
                    self.state = JobState.RUNNING
                self.stage, self.done, self.total = message.stage, message.done, message.total
                self.eta_s = message.eta_s
            case Preview() if message.path.endswith(".npz"):
                self.preview = Path(message.path)
                self.preview_count += 1
            case Preview() if message.path.endswith(".png"):
                self._show(Path(message.path))
            case Done():
                self.state, self.import_pending = JobState.DONE, self.for_the_scene
                if isinstance(self.request, PrepareRequest):
                    self._show(self.result)
            case Failed():
                self.state, self.error = JobState.FAILED, message.error
            case Cancelled():
                self.state = JobState.CANCELLED
            case _:
                return False
        if self.state.ended:
            self._see_what_is_kept()
        return True

    def drop_note(self) -> None:
        """Have no later Blender know of it."""
        if self.note is not None:
            with suppress(OSError):
                self.note.unlink(missing_ok=True)
            self.note = None

    def _see_what_is_kept(self) -> None:
        """Once it has ended."""
        code = self.error.code if self.error else None
        self.unfinished = (
            self.can_go_on and code is not ErrorCode.BAD_INPUT
            and (code is ErrorCode.ENGINE_DIED or self.elsewhere
                 or work_folder(self.request).is_dir()))
        if not self.unfinished:
            self.drop_note()

    def _show(self, picture: Path) -> None:
        self.picture = picture
        self.picture_count += 1


class JobList:
    """Jobs in the order of their start, newest last."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Remember a job; the oldest ended ones beyond `MAX_ENDED` are forgotten.

        It stands for one with the same result that could have gone on.
        """
        for old in self.of_result(job.request):
            if old.can_go_on:
                self.forget(old)
        self._jobs[job.id] = job
        ended = [old for old in self if old.state.ended and not old.import_pending
                 and not old.unfinished]
        for old in ended[:max(len(ended) - MAX_ENDED, 0)]:
            del self._jobs[old.id]

    def get(self, job_id: str) -> Job | None:
        """The job of this id, if it is remembered."""
        return self._jobs.get(job_id)

    def of_result(self, request: Request) -> list[Job]:
        """Jobs of the same kind with the same place of their result."""
        return [job for job in self
                if (job.kind, job.request.out) == (request.KIND, request.out)]

    def active(self) -> list[Job]:
        """Jobs whose terminal report is still to come."""
        return [job for job in self if not job.state.ended]

    def forget(self, job: Job) -> None:
        """Forget one; no later Blender will know of it, either."""
        job.drop_note()
        del self._jobs[job.id]

    def clear_ended(self) -> None:
        """Forget the ended jobs, but for unfinished ones: nothing else tells of what they keep."""
        for job in list(self):
            if job.state.ended and not job.unfinished:
                self.forget(job)
