# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that render training data and train models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import RenderRequest, TrainRequest
from .generate import RequestOperator
from .scene.exporting import renderable, save_objects
from .session import launch
from .session import preferences as addon
from .session.jobs import Job
from .session.request_properties import properties_of, request_values

_OPTIONS = {'SKIP_SAVE'}


class TrainingJob(RequestOperator):
    """Base of the operators that start from 3D models: the selected objects, or files."""

    def start(self, context: bpy.types.Context) -> None:
        values = request_values(self, self.REQUEST)
        if addon.preferences(context).host is None:
            values["blender"] = values["blender"] or this_blender()
        self.launch(context, values)

    def launch(self, context: bpy.types.Context, values: dict[str, Any]) -> Job:
        """Start the job with the selected objects, unless files are given."""
        subject = self.REQUEST.POSITIONAL
        files = bpy.path.abspath(values[subject])
        objects = [] if files else renderable(context)
        if not files and not objects:
            raise EngineError(ErrorCode.BAD_INPUT, "no object that can be rendered is selected",
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
        """The path of the result for a job with this folder."""
        return folder


class ZERO123_OT_render_dataset(TrainingJob):
    """Render training views of the selected objects or of a folder of 3D files"""

    bl_idname = "zero123.render_dataset"
    bl_label = "Render Training Views"
    REQUEST = RenderRequest
    __annotations__ = properties_of(RenderRequest, options=_OPTIONS)


class ZERO123_OT_train_model(TrainingJob):
    """Fine-tune a model on the selected objects, or on a folder of training views or 3D files"""

    bl_idname = "zero123.train_model"
    bl_label = "Train Model"
    REQUEST = TrainRequest
    __annotations__ = properties_of(TrainRequest, options=_OPTIONS)

    def result(self, context: bpy.types.Context, folder: Path, title: str) -> Path:
        if self.out:
            return Path(bpy.path.abspath(self.out))
        return addon.new_model_folder(context, title)


def this_blender() -> str:
    """The Blender program that the engine renders with; empty lets the engine find one.

    It is empty if the environment names another program, and for Blender as a module.
    """
    return "" if "ZERO123_BLENDER" in os.environ else bpy.app.binary_path


CLASSES = (ZERO123_OT_render_dataset, ZERO123_OT_train_model)
