# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets of the Zero123 tab's settings, by Blender's own preset system."""

import bpy
from bl_operators.presets import AddPresetBase

FOLDER = "zero123"
"""Below the user's presets."""
MENU = "ZERO123_MT_presets"
NOT_KEPT = {"rna_type", "name", "image", "views", "text", "render", "train"}
"""What belongs to one picture, text or data set, and Blender's own properties of a group."""


class ZERO123_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Keep the settings under a name, or remove the chosen preset"""

    bl_idname = "zero123.preset_add"
    bl_label = "Add Zero123 Preset"
    preset_menu = MENU
    preset_subdir = FOLDER
    preset_defines = ["settings = bpy.context.scene.zero123"]

    @property
    def preset_values(self) -> list[str]:
        """The settings, as Blender's preset files write them."""
        names = bpy.context.scene.zero123.bl_rna.properties.keys()
        return [f"settings.{name}" for name in names if name not in NOT_KEPT]


CLASSES = (ZERO123_OT_preset_add,)
