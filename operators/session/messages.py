# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of operators in the user's language."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import bpy
from bpy.app.translations import pgettext_tip as tip_

from ...engine.core.errors import EngineError

Operator = TypeVar("Operator", bound=bpy.types.Operator)
Execute = Callable[[Operator, bpy.types.Context], set[str]]

SELECT_A_RESULT = "Select a plane, camera or mesh that Zero123 has created"
LEAVE_MODE = "Switch to Object Mode"
WAIT_FOR_JOBS = "Wait until the jobs have ended, or cancel them"
ALLOW_ONLINE = "Enable Allow Online Access in the System preferences"
INSTALLING = "The engine is being installed"


def unless(cls: type[bpy.types.Operator], reason: str) -> bool:
    """The result of `poll`: False if there is a reason, which the greyed-out button then shows."""
    if reason:
        cls.poll_message_set(tip_(reason))
    return not reason


def in_words(error: EngineError) -> str:
    """The error's sentence and hint. Texts without file names or numbers are translated."""
    return "; ".join(tip_(text) for text in (error.message, error.hint) if text)


def report_errors(execute: Execute[Operator]) -> Execute[Operator]:
    """Decorate an `execute`: an `EngineError` is reported and cancels the operator."""
    @wraps(execute)
    def reporting(self: Operator, context: bpy.types.Context) -> set[str]:
        try:
            return execute(self, context)
        except EngineError as error:
            self.report({'ERROR'}, in_words(error))
            return {'CANCELLED'}
    return reporting
