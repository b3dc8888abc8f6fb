# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does: the operators `bpy.ops.zero123.*`, and results into the scene."""

import bpy

from . import (
    batch_queue as queueing,
)
from . import (
    camera_view,
    compare,
    control,
    generate,
    licences,
    logs,
    models,
    pictures,
    presets,
    setup,
    training,
)
from . import (
    select_views as picking,
)
from . import (
    turntable as turning,
)
from .session import timer as background
from .session.installation import installation_job
from .session.job_store import journal
from .session.model_work import model_work
from .session.runner import runner
from .session.view_selection import picks

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
