# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators `bpy.ops.zero123.*`, one family per module.

Below them, `session` is the add-on's state and `scene` brings results into the scene.
"""

import bpy

from . import (
    batch_queue,
    camera_view,
    compare,
    engine,
    generate,
    import_result,
    input_image,
    jobs,
    logs,
    models,
    presets,
    select_views,
    training,
    turntable,
)
from .scene import texture_files
from .session import session

CLASSES = (*input_image.CLASSES, *generate.CLASSES, *camera_view.CLASSES, *compare.CLASSES,
           *select_views.CLASSES, *jobs.CLASSES, *import_result.CLASSES, *engine.CLASSES,
           *presets.CLASSES, *batch_queue.CLASSES, *logs.CLASSES, *turntable.CLASSES,
           *models.CLASSES, *training.CLASSES)


def register() -> None:
    """Register the operators and start the session."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    session.open(import_result.import_with_undo)
    texture_files.register()


def unregister() -> None:
    """Close the session and unregister the operators."""
    texture_files.unregister()
    session.close()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
