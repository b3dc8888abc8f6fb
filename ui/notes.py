# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of several panels: texts of more than a line, and the engine's installation."""

import textwrap

import bpy
from bpy.app.translations import pgettext_tip as tip_

from ..operators.installing import installation_job


def draw_lines(column: bpy.types.UILayout, message: str, hint: str,
               context: bpy.types.Context) -> None:
    """An error's texts, translated and wrapped, as labels are cut at the edge."""
    scale = context.preferences.system.ui_scale
    width = max(int(context.region.width / scale / 7) - 8, 16)
    lines = column.column(align=True)
    lines.scale_y = 0.8
    for text in map(tip_, (message, hint)):
        for line in textwrap.wrap(text[:1].upper() + text[1:], width):
            lines.label(text=line, translate=False)


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
