# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators tell a person, in the person's language."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import bpy
from bpy.app.translations import pgettext_tip as tip_

from ...engine.core.errors import EngineError

Operator = TypeVar("Operator", bound=bpy.types.Operator)
Execute = Callable[[Operator, bpy.types.Context], set[str]]

SELECT_A_RESULT = "Select a plane, camera or mesh that Zero123 has made"
LEAVE_MODE = "Leave the current mode for Object Mode"
WAIT_FOR_JOBS = "Wait for the jobs to end, or cancel them"
ALLOW_ONLINE = "Allow Online Access in the preferences' System section"
INSTALLING = "The engine is being installed"


def unless(cls: type[bpy.types.Operator], reason: str) -> bool:
    """What `poll` returns: whether there is no reason against it; the grey button tells one."""
    if reason:
        cls.poll_message_set(tip_(reason))
    return not reason


def in_words(error: EngineError) -> str:
    """The error's sentence and hint; those that name no file or number are translated."""
    return "; ".join(tip_(text) for text in (error.message, error.hint) if text)


def report_errors(execute: Execute[Operator]) -> Execute[Operator]:
    """An `execute` that an `EngineError` cancels; the person is told of it."""
    @wraps(execute)
    def reporting(self: Operator, context: bpy.types.Context) -> set[str]:
        try:
            return execute(self, context)
        except EngineError as error:
            self.report({'ERROR'}, in_words(error))
            return {'CANCELLED'}
    return reporting
