# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees: the tab in the 3D View's sidebar, menu entries, preferences."""

import bpy

from . import menus, panels, preferences, properties

CLASSES = (*properties.CLASSES, *preferences.CLASSES, *panels.CLASSES)


def register() -> None:
    """Make the interface known to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    menus.register()


def unregister() -> None:
    """Take everything back."""
    menus.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
