# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a batch on a Ray cluster that computes: an actor, which keeps its model in memory.

It shares no disk with whoever sends the work, so files come and go as bytes.
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

from ..core.errors import EngineError, ErrorCode
from ..core.failures import as_engine_error
from ..core.reporting import SilentReporter
from ..core.requests import REQUESTS
from ..core.staging import staged_folder
from ..remote.archive import files_under, inside, pack, unpack
from ..remote.remote_model_cache import forget_unused_models, place_of
from .item import run_job


@dataclass(frozen=True)
class Order:
    """What is to be made of one picture."""

    kind: str
    values: Mapping[str, Any]
    """The request's fields; `out` is the result's name."""
    files: bytes
    """A tar of what it starts from."""
    names: Mapping[str, str]
    """Fields that name one of these files."""
    model: SentModel | None = None


@dataclass(frozen=True)
class SentModel:
    """A model's folder in Ray's object store."""

    digest: str
    files: Sequence[tuple[str, Any]]
    """Names and references to contents (N uint8): one file at a time has to fit into memory."""


@dataclass
class Delivery:
    """What has become of an order."""

    folder: str
    """Where it was worked on, which may stand in texts."""
    model: str = ""
    """Where a model is that was sent there."""
    files: bytes = b""
    """A tar of the result."""
    seconds: float = 0.0
    error: list[str] | None = None
    """Of a failed one: code, message, hint."""
    logs: list[tuple[str, str]] = field(default_factory=list)
    """Level and text."""

    def check(self) -> None:
        """Raise the error as EngineError, if there is one."""
        if self.error:
            code, message, hint = self.error
            raise EngineError(ErrorCode(code), message, hint)


class Actor:
    """Works on one order after the other. Errors come back as values: they are the picture's."""

    def begin(self) -> None:
        """Load what takes long; fails where the engine's libraries are missing."""
        warnings.simplefilter("ignore")
        import torch  # noqa: F401

        from ..jobs import sampling  # noqa: F401

    def make(self, order: Order) -> Delivery:
        """Do an order."""
        with tempfile.TemporaryDirectory(prefix="zero123-") as folder:
            delivery, start = Delivery(folder), time.monotonic()
            try:
                delivery.files = _make(order, Path(folder), delivery)
            except Exception as error:
                failure = as_engine_error(error)
                delivery.error = [failure.code.value, failure.message, failure.hint]
            delivery.seconds = time.monotonic() - start
            return delivery


def _make(order: Order, folder: Path, delivery: Delivery) -> bytes:
    unpack(io.BytesIO(order.files), folder / "in")
    values = {**order.values, "out": str(folder / order.values["out"])}
    for name, file in order.names.items():
        values[name] = str(folder / "in" / file)
    if order.model:
        values["model"] = delivery.model = str(_unpacked(order.model))
    run_job(REQUESTS[order.kind].from_dict(values), _Notes(delivery.logs))
    result = io.BytesIO()
    pack(files_under(Path(values["out"])), result)
    return result.getvalue()


def _unpacked(model: SentModel) -> Path:
    """The folder of a model on this computer; its actors share it, and later batches do."""
    import ray

    place = place_of(model.digest)
    if not place.is_dir():
        forget_unused_models()
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
