# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that show and copy what the engine has written about its work."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as rpt_

from .session import preferences as addon
from .session.installation import installation_job

TEXT_NAME = "Zero123 Engine Log"
MAX_BYTES = 200_000
"""Of a longer log only the end is shown."""
LINES_SHOWN = 25
"""The window opens so many lines before the end; how many fit isn't known before it is drawn."""


def log_file(context: bpy.types.Context) -> Path:
    """Where the engine's stderr goes, or its installer's output if that works or has failed.

    May not exist yet.
    """
    if installation_job.running or installation_job.error is not None:
        return addon.engine_folder().with_suffix(".log")
    return addon.results_folder(context) / "engine.log"


def read_end(path: Path, size: int = MAX_BYTES) -> str:
    """The last whole lines of a text file, at most `size` bytes; empty if it can't be read."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, 2)
            file.seek(max(length - size, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if length > size else text


def _log_text(operator: bpy.types.Operator, context: bpy.types.Context) -> str:
    """The log's end; if it is empty, the operator says so."""
    text = read_end(log_file(context))
    if not text.strip():
        operator.report({'WARNING'}, rpt_("The engine has not written anything yet"))
        return ""
    return text


class ZERO123_OT_open_log(bpy.types.Operator):
    """Open what the engine has written about its work as a text, in a window of its own"""

    bl_idname = "zero123.open_log"
    bl_label = "Open Zero123 Log"
    bl_options = {'REGISTER', 'UNDO'}

    def execute(self, context: bpy.types.Context) -> set[str]:
        text = _log_text(self, context)
        if not text:
            return {'CANCELLED'}
        block = bpy.data.texts.get(TEXT_NAME) or bpy.data.texts.new(TEXT_NAME)
        block.clear()
        block.write(text)
        block.cursor_set(len(block.lines) - 1)
        if not bpy.app.background:
            _show(context, block)
        return {'FINISHED'}


class ZERO123_OT_copy_log(bpy.types.Operator):
    """Copy what the engine has written about its work, to report a problem"""

    bl_idname = "zero123.copy_log"
    bl_label = "Copy Zero123 Log"
    bl_options = {'REGISTER'}

    def execute(self, context: bpy.types.Context) -> set[str]:
        text = _log_text(self, context)
        if not text:
            return {'CANCELLED'}
        context.window_manager.clipboard = text
        return {'FINISHED'}


def _show(context: bpy.types.Context, block: bpy.types.Text) -> None:
    """In the Text Editor that shows it already, else in a new window."""
    windows = context.window_manager.windows
    editors = [area for window in windows for area in window.screen.areas
               if area.type == 'TEXT_EDITOR' and area.spaces.active.text == block]
    if not editors:
        bpy.ops.wm.window_new()
        editors = [windows[-1].screen.areas[0]]
        editors[0].ui_type = 'TEXT_EDITOR'
    space = editors[0].spaces.active
    space.text = block
    space.top = max(len(block.lines) - LINES_SHOWN, 0)
    editors[0].tag_redraw()


CLASSES = (ZERO123_OT_open_log, ZERO123_OT_copy_log)
