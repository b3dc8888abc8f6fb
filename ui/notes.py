# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of several panels: wrapped texts, and the installation of the engine."""

import textwrap

import blf
import bpy
from bpy.app.translations import pgettext_tip as tip_

from ..operators.session import session

_FONT = 0
"""Font id of the interface in `blf`."""
_MARGINS = 60
"""Pixels of a sidebar's width that the text in a box cannot use, at a UI scale of 1."""


def draw_text(column: bpy.types.UILayout, text: str, context: bpy.types.Context) -> None:
    """Draw a translated text over several lines; a label would be cut at the edge."""
    scale = context.preferences.system.ui_scale
    blf.size(_FONT, context.preferences.ui_styles[0].widget.points * scale)
    letter = blf.dimensions(_FONT, text)[0] / max(len(text), 1)
    room = context.region.width - _MARGINS * scale
    for line in textwrap.wrap(text, max(int(room / max(letter, 1.0)) - 2, 16)):
        column.label(text=line, translate=False)


def draw_lines(column: bpy.types.UILayout, message: str, hint: str,
               context: bpy.types.Context) -> None:
    """Draw an error's sentence and hint, translated, with a gap between them."""
    lines = column.column(align=True)
    lines.scale_y = 0.8
    for number, text in enumerate(filter(None, map(tip_, (message, hint)))):
        if number:
            lines.separator(factor=0.5)
        draw_text(lines, text[:1].upper() + text[1:], context)


def draw_installation(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that installs the engine; during an installation its progress and a cancel button.
    """
    installation = session.installation
    if installation.running:
        row = column.row(align=True)
        row.progress(factor=installation.done / installation.total, text="Installing")
        row.operator("zero123.engine_install_cancel", text="", icon='X')
        column.label(text=installation.line, translate=False)
        return
    column.operator("zero123.engine_install", icon='IMPORT')
    if installation.error is not None:
        draw_lines(column, installation.error.message, installation.error.hint, context)
        column.operator("zero123.open_log", icon='TEXT')
