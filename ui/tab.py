# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base class of the panels."""

import bpy

from ..operators.scene.translation import CONTEXT


class Tab(bpy.types.Panel):
    """Base of the panels: the Zero123 tab in the 3D View's sidebar."""

    bl_space_type = 'VIEW_3D'
    bl_region_type = 'UI'
    bl_category = "Zero123"
    bl_translation_context = CONTEXT
