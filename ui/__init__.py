# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface: panels, menus and preferences."""

import bpy

from . import (
    checklist,
    drop,
    history,
    menus,
    models,
    orbit_gizmo,
    panels,
    preferences,
    presets,
    progress,
    properties,
    result,
    select_views,
    training,
    translations,
)
from .image_editor import in_image_editor

PANELS = (*checklist.CLASSES, *panels.CLASSES, *select_views.CLASSES, *result.CLASSES,
          *models.CLASSES, *training.CLASSES, *history.CLASSES)
CLASSES = (*properties.CLASSES, *menus.CLASSES, *preferences.CLASSES, *drop.CLASSES,
           *presets.CLASSES, *orbit_gizmo.CLASSES, *PANELS, *map(in_image_editor, PANELS))


def register() -> None:
    """Register the interface."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    menus.register()
    presets.register()
    progress.register()
    translations.register()


def unregister() -> None:
    """Unregister the interface."""
    translations.unregister()
    progress.unregister()
    presets.unregister()
    menus.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
