# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The button in the main panel's header that opens the presets."""

from pathlib import Path

import bpy
from bl_ui.utils import PresetPanel

from ..operators.presets import FOLDER, MENU

SHIPPED = str(Path(__file__).with_name("shipped"))
"""The folder with `presets/zero123`, the presets that come with the extension."""


class ZERO123_MT_presets(bpy.types.Menu):
    bl_idname = MENU
    bl_label = "Zero123 Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset


class ZERO123_PT_presets(PresetPanel, bpy.types.Panel):
    bl_label = "Zero123 Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "zero123.preset_add"


CLASSES = (ZERO123_MT_presets, ZERO123_PT_presets)


def register() -> None:
    """Register the folder of the shipped presets."""
    bpy.utils.register_preset_path(SHIPPED)


def unregister() -> None:
    """Unregister it."""
    bpy.utils.unregister_preset_path(SHIPPED)
