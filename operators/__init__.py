# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does: the operators `bpy.ops.zero123.*`, and results into the scene."""

import bpy

from . import (
    background,
    camera_view,
    compare,
    control,
    generate,
    licences,
    logs,
    models,
    picking,
    pictures,
    presets,
    queueing,
    setup,
    training,
    turning,
)
from .installing import installation_job
from .journal import journal
from .model_work import model_work
from .picks import picks
from .runner import runner

CLASSES = (*pictures.CLASSES, *generate.CLASSES, *camera_view.CLASSES, *compare.CLASSES,
           *picking.CLASSES, *control.CLASSES, *setup.CLASSES, *presets.CLASSES,
           *queueing.CLASSES, *logs.CLASSES, *turning.CLASSES, *models.CLASSES,
           *licences.CLASSES, *training.CLASSES)


def register() -> None:
    """Make the operators known to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    background.look_around()


def unregister() -> None:
    """Take everything back: the timer, the engine's process, the operators."""
    picks.clear()
    background.unwatch()
    installation_job.cancel()
    model_work.stop()
    runner.stop_engine()
    journal.close()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
