# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of several panels: texts of more than a line, and the engine's installation."""

import textwrap

import blf
import bpy
from bpy.app.translations import pgettext_tip as tip_

from ..operators.session.installation import installation_job

_FONT = 0
"""Blender's number of the interface's font."""
_MARGINS = 60
"""Width of a sidebar beside the text in a panel's box, the tabs included, in pixels."""


def draw_text(column: bpy.types.UILayout, text: str, context: bpy.types.Context) -> None:
    """A translated text, wrapped, as labels are cut at the edge."""
    scale = context.preferences.system.ui_scale
    blf.size(_FONT, context.preferences.ui_styles[0].widget.points * scale)
    letter = blf.dimensions(_FONT, text)[0] / max(len(text), 1)
    room = context.region.width - _MARGINS * scale
    for line in textwrap.wrap(text, max(int(room / max(letter, 1.0)) - 2, 16)):
        column.label(text=line, translate=False)


def draw_lines(column: bpy.types.UILayout, message: str, hint: str,
               context: bpy.types.Context) -> None:
    """An error's texts, translated, the hint set off."""
    lines = column.column(align=True)
    lines.scale_y = 0.8
    for number, text in enumerate(filter(None, map(tip_, (message, hint)))):
        if number:
            lines.separator(factor=0.5)
        draw_text(lines, text[:1].upper() + text[1:], context)


def draw_installation(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that installs the engine; while it works, how far it is, and the way out."""
    if installation_job.running:
        row = column.row(align=True)
        row.progress(factor=installation_job.done / installation_job.total, text="Installing")
        row.operator("zero123.engine_install_cancel", text="", icon='X')
        column.label(text=installation_job.line, translate=False)
        return
    column.operator("zero123.engine_install", icon='IMPORT')
    if installation_job.error is not None:
        draw_lines(column, installation_job.error.message, installation_job.error.hint, context)
        column.operator("zero123.open_log", icon='TEXT')
