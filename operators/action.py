# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base class of the operators that change what the panels show."""

from __future__ import annotations

import bpy

from .session.messages import report_errors, unless
from .session.window import redraw_areas


class Action(bpy.types.Operator):
    """Reports errors, redraws the panels, and explains why its button is greyed out."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, cls.why_unavailable(context))

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.act(context)
        finally:
            redraw_areas()
        return {'FINISHED'}

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        """The reason why the operator cannot run now, or an empty text."""
        return ""

    def act(self, context: bpy.types.Context) -> None:
        """Carry out the operator's action.

        Raises:
            EngineError: It fails.
        """
