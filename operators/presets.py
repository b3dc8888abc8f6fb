# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that adds and removes presets of the Zero123 tab, with Blender's preset system."""

import bpy
from bl_operators.presets import AddPresetBase

FOLDER = "zero123"
"""Folder in the user's presets folder."""
MENU = "ZERO123_MT_presets"
NOT_KEPT = {"rna_type", "name", "image", "views", "text", "render", "train"}
"""Settings of one image, text or data set, and the properties that Blender adds to a group."""


class ZERO123_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Save the settings as a preset, or remove the selected preset"""

    bl_idname = "zero123.preset_add"
    bl_label = "Add Zero123 Preset"
    preset_menu = MENU
    preset_subdir = FOLDER
    preset_defines = ["settings = bpy.context.scene.zero123"]

    @property
    def preset_values(self) -> list[str]:
        """The settings, as written in Blender's preset files."""
        names = bpy.context.scene.zero123.bl_rna.properties.keys()
        return [f"settings.{name}" for name in names if name not in NOT_KEPT]


CLASSES = (ZERO123_OT_preset_add,)
