# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's windows: redrawing them, and whether the user is busy in them."""

from __future__ import annotations

import bpy

_AREAS = {'VIEW_3D', 'IMAGE_EDITOR', 'PREFERENCES'}
"""Types of the areas that show jobs."""


def redraw_areas() -> None:
    """Redraw the areas that show jobs, and the status bars."""
    for window in bpy.context.window_manager.windows:
        if not window.modal_operators:  # a modal operator may show its own text in the status bar
            with bpy.context.temp_override(window=window):
                window.workspace.status_text_set_internal(None)  # the only way to redraw it
        for area in window.screen.areas:
            if area.type in _AREAS:
                area.tag_redraw()


def why_import_waits(context: bpy.types.Context) -> str:
    """The reason why no result can be imported now, or an empty text.

    An import in the middle of another action would become part of that action's undo step.
    """
    if context.mode != 'OBJECT':
        return "Switch to Object Mode to import results"
    if bpy.app.is_job_running('RENDER'):
        return "Results can be imported when the render is finished"
    return ""
