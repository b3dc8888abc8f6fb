# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages between Blender and the engine, defined once for both.

Transport: one JSON object a line, UTF-8, on the engine's stdin (commands) and stdout (reports).
Large data travels as files in the job's folder, never through the pipe. Every job that is
submitted gets exactly one terminal report: `Done`, `Failed` or `Cancelled`.

Standard library only: this module is imported by Blender's own Python.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from .errors import EngineError, ErrorCode
from .files import UNREADABLE_JSON

PROTOCOL_VERSION = 1
"""Increased whenever the meaning of a message changes. Both sides must have the same number."""


@dataclass(frozen=True)
class Message:
    """Base of all messages. `TYPE` is the value of "type" on the wire."""

    TYPE: ClassVar[str]


# Commands: Blender (or another parent) -> engine.


@dataclass(frozen=True)
class Hello(Message):
    """First line of a conversation; answered by `Ready`, or `Failed` if versions differ."""

    TYPE = "hello"
    version: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class Submit(Message):
    """Queue a job. `kind` names a class of `engine.core.requests`, `request` holds its fields."""

    TYPE = "submit"
    job: str
    kind: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Cancel(Message):
    """Stop a job at its next step; it ends with `Cancelled`. Unknown or ended jobs: no effect."""

    TYPE = "cancel"
    job: str


@dataclass(frozen=True)
class Release(Message):
    """Drop loaded models from memory as soon as no job runs."""

    TYPE = "release"


@dataclass(frozen=True)
class Shutdown(Message):
    """Cancel what runs and end the engine. Closing stdin does the same."""

    TYPE = "shutdown"


# Reports: engine -> Blender.


@dataclass(frozen=True)
class Ready(Message):
    """The engine is listening. Sent once, before any heavy library is loaded."""

    TYPE = "ready"
    version: int
    python: str
    """Version of the engine's Python, such as "3.11.7"."""
    device: str = "auto"
    """The device that "auto" stands for, if known without loading torch; "auto" otherwise."""


@dataclass(frozen=True)
class Accepted(Message):
    """The job is queued."""

    TYPE = "accepted"
    job: str


@dataclass(frozen=True)
class Progress(Message):
    """A step of a stage is done. `eta_s` is the stage's remaining time in seconds, if known."""

    TYPE = "progress"
    job: str
    stage: str
    done: int
    total: int
    eta_s: float | None = None


@dataclass(frozen=True)
class Preview(Message):
    """An image or mesh of work in progress; the next one may overwrite its file."""

    TYPE = "preview"
    job: str
    path: str


@dataclass(frozen=True)
class Artifact(Message):
    """A finished file under its final name. `role`: "view", "views", "mesh", "report", "image"."""

    TYPE = "artifact"
    job: str
    role: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Log(Message):
    """A line for the log window. `level`: "info", "warning" or "error"."""

    TYPE = "log"
    level: str
    text: str


@dataclass(frozen=True)
class Done(Message):
    """Terminal: the job finished; `result` is its report as plain JSON."""

    TYPE = "done"
    job: str
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed(Message):
    """Terminal: the job failed. `code` is an `ErrorCode` value; an empty `job` is the engine."""

    TYPE = "failed"
    job: str
    code: str
    message: str
    hint: str = ""

    @property
    def error(self) -> EngineError:
        """The same, as an exception."""
        return EngineError(ErrorCode(self.code), self.message, self.hint)


@dataclass(frozen=True)
class Cancelled(Message):
    """Terminal: the job stopped because it was asked to."""

    TYPE = "cancelled"
    job: str


TERMINAL = (Done, Failed, Cancelled)
COMMANDS = (Hello, Submit, Cancel, Release, Shutdown)
REPORTS = (Ready, Accepted, Progress, Preview, Artifact, Log, Done, Failed, Cancelled)
_BY_TYPE: dict[str, type[Message]] = {cls.TYPE: cls for cls in COMMANDS + REPORTS}
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float | None": (float, int, type(None)),
    "dict[str, Any]": (dict,),
}


def encode(message: Message) -> str:
    """One line of JSON, without the line end.

    Escaped to ASCII: a file name that isn't valid Unicode (Python holds its bytes as lone
    surrogates) has no UTF-8 form, but passes the pipe unchanged as an escape.
    """
    return json.dumps({"type": message.TYPE, **asdict(message)})  # type: ignore[call-overload]


def decode(line: str) -> Message:
    """The message on a line.

    Raises:
        EngineError: `PROTOCOL` if the line is not a JSON object, its type is unknown, or a field is
            missing, unknown or of another type.
    """
    try:
        values = json.loads(line)
        cls = _BY_TYPE[values.pop("type")]
        types = {f.name: _JSON_TYPES[f.type] for f in fields(cls)}  # type: ignore[arg-type, index]
        if set(values) - set(types):
            raise TypeError(f"unknown fields {sorted(set(values) - set(types))}")
        for name, value in values.items():
            if not isinstance(value, types[name]) or isinstance(value, bool):
                raise TypeError(f"{name} can't be {value!r:.40}")
        return cls(**values)
    except UNREADABLE_JSON as error:
        raise EngineError(
            ErrorCode.PROTOCOL,
            f"not a message of protocol {PROTOCOL_VERSION}: {line[:80]!r} ({error})",
            "update the extension and its engine to the same version",
        ) from error


def version_mismatch(theirs: int) -> EngineError:
    """The error if the other side uses another version."""
    return EngineError(
        ErrorCode.PROTOCOL,
        f"the extension and its engine use different versions of the protocol, {theirs} and "
        f"{PROTOCOL_VERSION}",
        "update the extension and its engine to the same version, then restart Blender")
