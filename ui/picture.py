# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main panel's parts about the picture to work with."""

import bpy


def draw_sources(layout: bpy.types.UILayout) -> None:
    """Buttons for where a picture can come from, besides the file that the list above opens."""
    row = layout.row(align=True)
    row.operator("zero123.paste_picture", text="Paste", icon='PASTEDOWN')
    row.operator("zero123.picture_from_render", text="Render", icon='RENDER_RESULT')
    row.operator("zero123.picture_from_viewport", text="3D View", icon='VIEW3D')
