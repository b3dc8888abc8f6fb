# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get models onto this computer and off it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..engine.core.errors import EngineError
from ..engine.models.catalogue import find_model, list_models, name_for, size_text
from ..engine.models.folder import remove
from ..engine.setup.environment import find_python
from .licences import DIALOG_WIDTH, accept_property, draw_licence, is_accepted
from .scene.options import PATH_OPTIONS
from .session import preferences as addon
from .session import timer as background
from .session.checklist import checklist
from .session.installation import installation_job
from .session.messages import (
    ALLOW_ONLINE,
    INSTALLING,
    WAIT_FOR_JOBS,
    in_words,
    report_errors,
    unless,
)
from .session.model_list import model_shelf
from .session.model_work import model_work
from .session.runner import MODELS_VARIABLE, runner

_OPTIONS = {'SKIP_SAVE'}
_HIDDEN = {'HIDDEN', 'SKIP_SAVE'}


def _known_models(operator: bpy.types.Operator, context: bpy.types.Context,
                  text: str) -> list[str]:
    """Suggestions: what is here."""
    return [name for name in model_shelf.names() if text.lower() in name.lower()]


def _model_property(description: str) -> Any:
    return StringProperty(name="Model", description=description, options=_OPTIONS,
                          search=_known_models, search_options={'SUGGESTION'})


def _dtype_property() -> Any:
    return EnumProperty(
        name="Precision", default='original', options=_OPTIONS,
        description="Of the weights on the disk",
        items=[('original', "As in the File", "5 GB for a model as it was published"),
               ('float16', "Half", "Half the space; the results differ slightly"),
               ('bfloat16', "Brain Float", "Half the space, with fewer digits")])


def why_busy() -> str:
    """Why no model can be worked on now, or an empty text."""
    if model_work.running:
        return "Wait until the other model is finished, or cancel it"
    return INSTALLING if installation_job.running else ""


def start_work(operator: bpy.types.Operator, context: bpy.types.Context, verb: str, model: str,
               arguments: Sequence[str]) -> set[str]:
    """Run a verb of the engine's `models`. Without a window this waits for its end."""
    chosen = addon.preferences(context)
    variables = {MODELS_VARIABLE: str(addon.model_folder(context))}
    if chosen.hub_mirror:
        variables["HF_ENDPOINT"] = chosen.hub_mirror
    if chosen.hub_token:
        variables["HF_TOKEN"] = chosen.hub_token
    try:
        python = find_python(chosen.engine_python or None, addon.engine_folder())
        log = addon.results_folder(context) / "engine.log"
        model_work.start(python, verb, model, arguments, log, variables)
        if not bpy.app.background:
            background.watch()
            background.redraw()
            return {'FINISHED'}
        model_work.wait()
    except EngineError as error:
        operator.report({'ERROR'}, in_words(error))
        return {'CANCELLED'}
    finally:
        if not model_work.running:
            checklist.look(context)
    return {'FINISHED'}


class ZERO123_OT_model_download(bpy.types.Operator):
    """Download a model and turn it into what the engine reads; a stopped download goes on later"""

    bl_idname = "zero123.model_download"
    bl_label = "Download Zero123 Model"
    __annotations__ = {
        "model": EnumProperty(
            name="Model", options=_OPTIONS, description="Which model of the catalogue",
            items=[(info.name, info.name, info.title) for info in list_models() if info.repo]),
        "accept_licence": accept_property(),
        "dtype": _dtype_property(),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_busy() or ("" if bpy.app.online_access else ALLOW_ONLINE))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        info = find_model(self.model)
        assert info is not None
        layout = self.layout
        layout.prop(self, "model")
        draw_licence(layout, info)
        size, disk = size_text(info.size_bytes), size_text(info.installed_bytes)
        layout.label(text=iface_("{} to download, {} on the disk").format(size, disk),
                     translate=False)
        if info.gated:
            layout.label(text="Needs an account at the hub, and its token in the preferences",
                         icon='LOCKED')
        if not is_accepted(info, context):
            layout.prop(self, "accept_licence")
        if info.installed_bytes > 1e9:
            layout.prop(self, "dtype")

    def execute(self, context: bpy.types.Context) -> set[str]:
        arguments = [self.model, "--dtype", self.dtype]
        arguments += ["--accept-licence"] * self.accept_licence
        return start_work(self, context, "download", self.model, arguments)


class ZERO123_OT_model_import(bpy.types.Operator):
    """Turn a checkpoint that you have into a model; the file itself stays as it is"""

    bl_idname = "zero123.model_import"
    bl_label = "Import Zero123 Model"
    __annotations__ = {
        "filepath": StringProperty(
            name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="An original .ckpt or .safetensors, or u2netp.onnx"),
        "filter_glob": StringProperty(default="*.ckpt;*.safetensors;*.onnx", options=_HIDDEN),
        "model": StringProperty(
            name="Name", options=_OPTIONS,
            description="What to call it; empty takes the catalogue's name for such a file, else "
            "the file's"),
        "config": StringProperty(
            name="Configuration", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="The original's .yaml, if the model isn't one of the released ones"),
        "pose_encoding": EnumProperty(
            name="Pose Encoding", default='AUTO', options=_OPTIONS,
            description="How the camera is told to the network",
            items=[('AUTO', "Automatic", "By the file's name, size and origin"),
                   ('zero123', "Zero123", "Of Zero-1-to-3 and Zero123-XL"),
                   ('stable', "Stable Zero123", "Of Stable Zero123")]),
        "raw": BoolProperty(
            name="Raw Weights", default=False, options=_OPTIONS,
            description="The last training step's weights instead of the averaged ones"),
        "dtype": _dtype_property(),
        "accept_licence": accept_property(),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_busy())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {'RUNNING_MODAL'}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        for name in ("model", "dtype", "raw", "pose_encoding", "config"):
            layout.prop(self, name)
        info = find_model(self._name())
        if info is not None and not is_accepted(info, context):
            draw_licence(layout.box(), info)
            layout.prop(self, "accept_licence")

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        name = self._name()
        arguments = [str(path), "--name", name, "--dtype", self.dtype]
        arguments += ["--raw"] * self.raw + ["--accept-licence"] * self.accept_licence
        if self.config:
            arguments += ["--config", bpy.path.abspath(self.config)]
        if self.pose_encoding != 'AUTO':
            arguments += ["--pose-encoding", self.pose_encoding]
        return start_work(self, context, "import", name, arguments)

    def _name(self) -> str:
        return self.model or name_for(Path(self.filepath))


class ZERO123_OT_model_verify(bpy.types.Operator):
    """Read all files of a model and compare them with their digests"""

    bl_idname = "zero123.model_verify"
    bl_label = "Verify Zero123 Model"
    __annotations__ = {"model": _model_property("Which model")}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_busy())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.model:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return start_work(self, context, "verify", self.model, [self.model])


class ZERO123_OT_model_remove(bpy.types.Operator):
    """Delete a model from the model folder, and what was downloaded of it"""

    bl_idname = "zero123.model_remove"
    bl_label = "Remove Zero123 Model"
    __annotations__ = {"model": _model_property("Which model")}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_busy() or (WAIT_FOR_JOBS if runner.jobs.active() else ""))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.model:
            return context.window_manager.invoke_confirm(
                self, event, title=iface_("Remove Zero123 Model"), confirm_text=iface_("Remove"),
                message=iface_("Delete {} from this computer").format(self.model),
                translate=False)
        return context.window_manager.invoke_props_dialog(self)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        runner.stop_engine()  # on some systems its files can't be deleted while they are read
        try:
            gone = remove(self.model, addon.model_folder(context))
        finally:
            checklist.look(context)
            background.redraw()
        self.report({'INFO'}, rpt_("Removed {}").format(gone))
        return {'FINISHED'}


class ZERO123_OT_model_cancel(bpy.types.Operator):
    """Stop what is being done with a model; what was downloaded is kept"""

    bl_idname = "zero123.model_cancel"
    bl_label = "Cancel Zero123 Model"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        works = model_work.running and not model_work.cancelling
        return unless(cls, "" if works else "No model is being worked on")

    def execute(self, context: bpy.types.Context) -> set[str]:
        model_work.cancel()
        background.redraw()
        return {'FINISHED'}


CLASSES = (ZERO123_OT_model_download, ZERO123_OT_model_import, ZERO123_OT_model_verify,
           ZERO123_OT_model_remove, ZERO123_OT_model_cancel)
