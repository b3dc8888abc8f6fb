# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this session and the unfinished jobs of earlier ones.

Plain Python objects, so undo and file loading do not affect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.protocol import Accepted, Cancelled, Done, Failed, Message, Preview, Progress
from ...engine.core.request import Request, SceneImport
from ...engine.core.requests import PrepareRequest
from ...engine.core.resume import work_folder
from ..scene import ImportOptions, Place
from .open_file import BlendFile

MAX_ENDED = 20
"""Number of ended jobs that are kept in the list; the files of the others stay on the disk."""


class JobState(Enum):
    """State of a job. The value is the text that the user reads."""

    WAITING = "Waiting"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    DONE = "Done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    STOPPED = "Stopped"
    """Blender ended before the job did."""

    @property
    def ended(self) -> bool:
        """Whether the engine sends no more reports about the job."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.STOPPED)


@dataclass(frozen=True)
class ReplacedView:
    """A view of an earlier result for which a job makes new samples."""

    path: Path
    """The result's views.json."""
    pose: tuple[float, float, float]
    """Azimuth and elevation in degrees, radius."""


@dataclass
class Job:
    """One request to the engine and its state. It holds no references to Blender's data."""

    id: str
    request: Request
    title: str
    """Name of the image, or the prompt, as the user knows it."""
    scene_uid: int = 0
    """`session_uid` of the scene that receives the result."""
    scene_name: str = ""
    """Name of that scene, by which it is found in a file that was opened again."""
    file: BlendFile | None = None
    """The .blend file that receives the result; None for any file."""
    place: Place | None = None
    """Where the result is placed; None if the options decide."""
    options: ImportOptions | None = None
    """How the result is imported; None if the scene's settings at that time decide."""
    replaces_view: ReplacedView | None = None
    """The view that receives the result as new samples."""
    state: JobState = JobState.WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    error: EngineError | None = None
    preview: Path | None = None
    """The intermediate mesh, which the engine overwrites while it works."""
    preview_count: int = 0
    image: Path | None = None
    """An image of the intermediate result, or the result of a job that makes one image."""
    image_count: int = 0
    input_report: dict[str, Any] = field(default_factory=dict)
    """How the input image was interpreted, from the job's report; empty if it does not say."""
    import_pending: bool = False
    """The result is on the disk and still has to be imported."""
    elsewhere: bool = False
    """A remote computer runs the job and keeps its intermediate results."""
    record: Path | None = None
    """The file from which a later session restores the job."""
    unfinished: bool = False
    """The job has ended early and can be resumed; it stays in the list until it is resumed or
    discarded."""

    @property
    def kind(self) -> str:
        """Name of the job kind in the protocol, such as "views" or "reconstruct"."""
        return self.request.KIND

    @property
    def for_the_scene(self) -> bool:
        """Whether the result is imported into the scene."""
        return self.request.SCENE_IMPORT is not SceneImport.NOTHING

    @property
    def can_resume(self) -> bool:
        """Whether the job ended early and is of a kind that can be resumed."""
        return (self.state in (JobState.CANCELLED, JobState.FAILED, JobState.STOPPED)
                and self.request.RESUMABLE)

    @property
    def result(self) -> Path:
        """The file or folder that represents the result; it exists once the job is done."""
        return self.request.result

    @property
    def fraction(self) -> float:
        """The completed part of the current stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    def apply(self, message: Message) -> bool:
        """Update the job from a report. Returns whether anything changed.

        Reports after the terminal one are ignored, because a job ends once.
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
                self.input_report = message.result.get("input") or {}
                if isinstance(self.request, PrepareRequest):
                    self._show(self.result)
            case Failed():
                self.state, self.error = JobState.FAILED, message.error
            case Cancelled():
                self.state = JobState.CANCELLED
            case _:
                return False
        if self.state.ended:
            self._update_unfinished()
        return True

    def delete_record(self) -> None:
        """Delete the record, so that no later session restores the job."""
        if self.record is not None:
            with suppress(OSError):
                self.record.unlink(missing_ok=True)
            self.record = None

    def _update_unfinished(self) -> None:
        """Find out whether the ended job can be resumed; if not, delete its record."""
        code = self.error.code if self.error else None
        self.unfinished = (
            self.can_resume and code is not ErrorCode.BAD_INPUT
            and (code is ErrorCode.ENGINE_DIED or self.elsewhere
                 or work_folder(self.request).is_dir()))
        if not self.unfinished:
            self.delete_record()

    def _show(self, image: Path) -> None:
        self.image = image
        self.image_count += 1


class JobList:
    """Jobs in the order of their start, newest last."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Add a job. The oldest ended jobs beyond `MAX_ENDED` are removed.

        A resumable job with the same result folder is replaced by the new one.
        """
        for old in self.of_result(job.request):
            if old.can_resume:
                self.forget(old)
        self._jobs[job.id] = job
        ended = [old for old in self if old.state.ended and not old.import_pending
                 and not old.unfinished]
        for old in ended[:max(len(ended) - MAX_ENDED, 0)]:
            del self._jobs[old.id]

    def get(self, job_id: str) -> Job | None:
        """The job with this id, if it is in the list."""
        return self._jobs.get(job_id)

    def of_result(self, request: Request) -> list[Job]:
        """Jobs of the same kind with the same result path."""
        return [job for job in self
                if (job.kind, job.request.out) == (request.KIND, request.out)]

    def active(self) -> list[Job]:
        """Jobs that have not ended."""
        return [job for job in self if not job.state.ended]

    def forget(self, job: Job) -> None:
        """Remove a job and its record."""
        job.delete_record()
        del self._jobs[job.id]

    def clear_ended(self) -> None:
        """Remove the ended jobs, except those that can be resumed."""
        for job in list(self):
            if job.state.ended and not job.unfinished:
                self.forget(job)

    def clear(self) -> None:
        """Remove all jobs; their records and files stay on the disk."""
        self._jobs.clear()
