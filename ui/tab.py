# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of all panels: the base class, and columns of settings."""

from collections.abc import Iterable

import bpy

from ..operators.scene.translation import CONTEXT


class Tab(bpy.types.Panel):
    """Base of the panels: the Zero123 tab in the 3D View's sidebar."""

    bl_space_type = 'VIEW_3D'
    bl_region_type = 'UI'
    bl_category = "Zero123"
    bl_translation_context = CONTEXT


def settings_column(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """A column whose properties have their labels on the left."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def draw_settings(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup,
                  names: Iterable[str]) -> None:
    """Draw the properties of these names in a column."""
    column = settings_column(layout)
    for name in names:
        column.prop(settings, name)
