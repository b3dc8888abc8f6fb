# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actor that computes items of a batch on a Ray cluster and keeps its model in memory.

It shares no disk with the computer that sends the tasks, so files travel as bytes.
"""

from __future__ import annotations

import io
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..core.failures import as_engine_error
from ..core.reporting import SilentReporter
from ..core.requests import REQUESTS
from ..core.staging import staged_folder
from ..remote.archive import files_under, inside, pack, unpack
from ..remote.remote_model_cache import cached_model_folder, remove_unused_models
from .item import run_job


@dataclass(frozen=True)
class Task:
    """The job of one item, with its input files."""

    kind: str
    values: Mapping[str, Any]
    """The request's fields; `out` is the result's name."""
    files: bytes
    """A tar archive of the input files."""
    names: Mapping[str, str]
    """Names in the archive of the files that the request's fields name."""
    model: SentModel | None = None


@dataclass(frozen=True)
class SentModel:
    """A model's folder in Ray's object store."""

    digest: str
    files: Sequence[tuple[str, Any]]
    """Names and references to contents (N uint8): one file at a time has to fit into memory."""


@dataclass
class TaskResult:
    """How a task has ended."""

    folder: str
    """The folder in which it ran: messages may mention it."""
    model: str = ""
    """The folder of the model that was sent there, or empty."""
    files: bytes = b""
    """A tar archive of the result."""
    seconds: float = 0.0
    error: dict[str, str] | None = None
    """The error as plain JSON, if it has failed."""
    logs: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of level and text."""

    def check(self) -> None:
        """Raise the error as an EngineError, if there is one."""
        if self.error:
            raise EngineError.from_dict(self.error)


class Actor:
    """Runs one task after the other. Errors are returned, because they belong to the item."""

    def begin(self) -> None:
        """Import the heavy libraries. Fails where they are missing."""
        warnings.simplefilter("ignore")
        import torch  # noqa: F401

        from ..jobs import sampling  # noqa: F401

    def make(self, task: Task) -> TaskResult:
        """Run a task."""
        with tempfile.TemporaryDirectory(prefix="zero123-") as folder:
            outcome, start = TaskResult(folder), time.monotonic()
            try:
                outcome.files = _make_result(task, Path(folder), outcome)
            except Exception as error:
                outcome.error = as_engine_error(error).to_dict()
            outcome.seconds = time.monotonic() - start
            return outcome


def _make_result(task: Task, folder: Path, outcome: TaskResult) -> bytes:
    unpack(io.BytesIO(task.files), folder / "in")
    values = {**task.values, "out": str(folder / task.values["out"])}
    for name, file in task.names.items():
        values[name] = str(folder / "in" / file)
    if task.model:
        values["model"] = outcome.model = str(_unpacked(task.model))
    run_job(REQUESTS[task.kind].from_dict(values), _Notes(outcome.logs))
    result = io.BytesIO()
    pack(files_under(Path(values["out"])), result)
    return result.getvalue()


def _unpacked(model: SentModel) -> Path:
    """The folder of a model on this computer, which all its actors and later batches share."""
    import ray

    place = cached_model_folder(model.digest)
    if not place.is_dir():
        remove_unused_models()
        with staged_folder(place) as stage:
            for name, content in model.files:
                target = stage / inside(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                ray.get(content).tofile(target)
    place.touch()
    return place


@dataclass
class _Notes(SilentReporter):
    """Keeps the log of a job."""

    logs: list[tuple[str, str]]

    def log(self, level: str, text: str) -> None:
        self.logs.append((level, text))
