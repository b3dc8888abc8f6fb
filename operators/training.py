# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that make training data of 3D models, and models of training data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import bpy

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import RenderRequest, Request, TrainRequest
from .scene.exporting import renderable, save_objects
from .session import launch
from .session import preferences as addon
from .session.jobs import Job
from .session.messages import report_errors
from .session.request_properties import properties_of, request_values

_OPTIONS = {'SKIP_SAVE'}


class TrainingJob(bpy.types.Operator):
    """What the operators share that start from 3D models: the selected objects, or files.

    Called from the interface, settings that were not given are the Zero123 tab's; called from a
    script, they are the request's defaults.
    """

    REQUEST: ClassVar[type[Request]]
    bl_options = {'REGISTER'}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        settings = getattr(context.scene.zero123, self.REQUEST.KIND)
        for name, value in settings.operator_values().items():
            if not self.properties.is_property_set(name):
                setattr(self, name, value)
        return self.execute(context)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        addon.take_preferred(self, context)
        values = request_values(self, self.REQUEST)
        if addon.preferences(context).host is None:
            values["blender"] = values["blender"] or this_blender()
        self.launch(context, values)
        return {'FINISHED'}

    def launch(self, context: bpy.types.Context, values: dict[str, Any]) -> Job:
        """Start the job, from the selected objects unless the subject names files."""
        subject = self.REQUEST.POSITIONAL
        files = bpy.path.abspath(values[subject])
        objects = [] if files else renderable(context)
        if not files and not objects:
            raise EngineError(ErrorCode.BAD_INPUT, "no object is selected that could be rendered",
                              "select objects, or choose a folder of files")
        title = objects[0].name if objects else Path(files).name
        own_folder = {} if self.REQUEST is TrainRequest else values
        with launch.job_folder(context, self.REQUEST, title, own_folder) as folder:
            if objects:
                files = str(folder / "models")
                save_objects(objects, Path(files))
            out = self.result(context, folder, title)
            request = self.REQUEST(**{**values, subject: files, "out": str(out)})
            return launch.launch_request(context, request, title)

    def result(self, context: bpy.types.Context, folder: Path, title: str) -> Path:
        """Where the result goes, if the job's folder is this."""
        return folder


class ZERO123_OT_render_dataset(TrainingJob):
    """Render the selected objects, or a folder of model files, from many sides, to train on"""

    bl_idname = "zero123.render_dataset"
    bl_label = "Render Training Views"
    REQUEST = RenderRequest
    __annotations__ = properties_of(RenderRequest, options=_OPTIONS)


class ZERO123_OT_train_model(TrainingJob):
    """Fine-tune a model on the selected objects, or on a folder of views or model files"""

    bl_idname = "zero123.train_model"
    bl_label = "Train Model"
    REQUEST = TrainRequest
    __annotations__ = properties_of(TrainRequest, options=_OPTIONS)

    def result(self, context: bpy.types.Context, folder: Path, title: str) -> Path:
        if self.out:
            return Path(bpy.path.abspath(self.out))
        return addon.new_model_folder(context, title)


def this_blender() -> str:
    """The program that the engine renders with: this one, if it is a program, and none other was
    chosen by the environment. Blender as a module is found by the engine itself.
    """
    return "" if "ZERO123_BLENDER" in os.environ else bpy.app.binary_path


CLASSES = (ZERO123_OT_render_dataset, ZERO123_OT_train_model)
