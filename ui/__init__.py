# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees: the tab in the sidebars, menu entries, preferences."""

import bpy

from . import (
    checklist,
    drop,
    history,
    menus,
    models,
    orbit_gizmo,
    panels,
    picking,
    preferences,
    presets,
    progress,
    properties,
    result,
    training,
    translations,
)
from .image_editor import in_image_editor

PANELS = (*checklist.CLASSES, *panels.CLASSES, *picking.CLASSES, *result.CLASSES,
          *models.CLASSES, *training.CLASSES, *history.CLASSES)
CLASSES = (*properties.CLASSES, *menus.CLASSES, *preferences.CLASSES, *drop.CLASSES,
           *presets.CLASSES, *orbit_gizmo.CLASSES, *PANELS, *map(in_image_editor, PANELS))


def register() -> None:
    """Make the interface known to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    menus.register()
    presets.register()
    progress.register()
    translations.register()


def unregister() -> None:
    """Take everything back."""
    translations.unregister()
    progress.unregister()
    presets.unregister()
    menus.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
