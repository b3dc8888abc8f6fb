# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that a person can act on: a code, one sentence and a hint. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class ErrorCode(Enum):
    """Why a job or the engine failed. The value is printed after `error`."""

    BAD_INPUT = "bad-input"
    """An argument, image or file that cannot be used."""
    MODEL_MISSING = "model-missing"
    """The model is unknown or not on this computer."""
    MODEL_DAMAGED = "model-damaged"
    """A model file is truncated, altered or unsafe to load."""
    MODEL_INCOMPATIBLE = "model-incompatible"
    """A model file is sound but not a Zero123 model."""
    OUT_OF_MEMORY = "out-of-memory"
    """Main memory or the accelerator's memory ran out."""
    DISK = "disk"
    """A folder can't be written, or the disk is full."""
    CANCELLED = "cancelled"
    """The user has cancelled the command with Ctrl-C. In the protocol this is `Cancelled`."""
    ENVIRONMENT = "environment"
    """A library is missing or broken, or the engine's Python can't be started."""
    PROTOCOL = "protocol"
    """The two sides have different versions, or a line is not a message."""
    ENGINE_DIED = "engine-died"
    """The engine's process ended while it had work (reported by the client)."""
    INTERNAL = "internal"
    """A bug in the engine."""

    @property
    def exit_code(self) -> int:
        """The CLI's exit code for this error."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    ErrorCode.BAD_INPUT: 2,
    ErrorCode.MODEL_MISSING: 3,
    ErrorCode.MODEL_DAMAGED: 3,
    ErrorCode.MODEL_INCOMPATIBLE: 3,
    ErrorCode.OUT_OF_MEMORY: 4,
    ErrorCode.DISK: 5,
    ErrorCode.CANCELLED: 6,
    ErrorCode.ENVIRONMENT: 7,
    ErrorCode.PROTOCOL: 7,
    ErrorCode.ENGINE_DIED: 7,
    ErrorCode.INTERNAL: 1,
}


class EngineError(Exception):
    """An error that a person can act on: a code, one sentence, and a hint what to do."""

    def __init__(self, code: ErrorCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, str]:
        """The error as plain JSON: "code", "message" and "hint"."""
        return {"code": self.code.value, "message": self.message, "hint": self.hint}

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> EngineError:
        """The inverse of `to_dict`."""
        return cls(ErrorCode(values["code"]), values["message"], values["hint"])


class JobCancelled(Exception):
    """Raised inside a job at its first step after it was cancelled."""
