# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that download, import, verify and remove models, and accept their licences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.models.catalogue import (
    ModelInfo,
    find_model,
    known_model,
    list_models,
    name_for,
    size_text,
)
from ..engine.models.folder import remove
from ..engine.models.licence_store import accept_licence
from ..engine.setup.environment import find_python
from .action import Action
from .scene.options import PATH_OPTIONS
from .session import preferences as addon
from .session import session
from .session.licences import DIALOG_WIDTH, accept_property, draw_licence, is_accepted
from .session.messages import ALLOW_ONLINE, INSTALLING, WAIT_FOR_JOBS
from .session.runner import MODELS_VARIABLE

_OPTIONS = {'SKIP_SAVE'}
_HIDDEN = {'HIDDEN', 'SKIP_SAVE'}


def _known_models(operator: bpy.types.Operator, context: bpy.types.Context,
                  text: str) -> list[str]:
    """Suggestions: the installed models."""
    return [name for name in session.models.names() if text.lower() in name.lower()]


def _catalogue_property(wanted: Callable[[ModelInfo], bool]) -> Any:
    """The choice of one of the catalogue's models."""
    return EnumProperty(
        name="Model", options=_OPTIONS, description="Name of the model in the catalogue",
        items=[(info.name, info.name, info.title) for info in list_models() if wanted(info)])


def _dtype_property() -> Any:
    return EnumProperty(
        name="Precision", default='original', options=_OPTIONS,
        description="Number format of the weights on the disk",
        items=[('original', "As in the File", "About 5 GB for an original model"),
               ('float16', "Half", "Half the disk space; results differ slightly"),
               ('bfloat16', "Brain Float", "Half the disk space, with lower precision than Half")])


def why_busy() -> str:
    """The reason why no work on a model can start now, or an empty text."""
    if session.model_work.running:
        return "Wait until the other model is ready, or cancel it"
    return INSTALLING if session.installation.running else ""


class _ModelAction(Action):
    """Base of the operators that work on a model."""

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return why_busy()

    def start_work(self, context: bpy.types.Context, verb: str, model: str,
                   arguments: Sequence[str]) -> None:
        """Run a verb of the engine's command `models`. Without a window this waits for its end."""
        chosen = addon.preferences(context)
        variables = {MODELS_VARIABLE: str(addon.model_folder(context))}
        if chosen.hub_mirror:
            variables["HF_ENDPOINT"] = chosen.hub_mirror
        if chosen.hub_token:
            variables["HF_TOKEN"] = chosen.hub_token
        try:
            python = find_python(chosen.engine_python or None, addon.engine_folder())
            session.model_work.start(python, verb, model, arguments, addon.engine_log(context),
                                     variables)
            session.timer.follow(session.model_work.wait)
        finally:
            if not session.model_work.running:
                session.checklist.refresh(context)


class _InstalledModelAction(_ModelAction):
    """Base of the operators that work on an installed model."""

    MODEL = StringProperty(name="Model", description="Name of the model", options=_OPTIONS,
                           search=_known_models, search_options={'SUGGESTION'})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.model:
            return self.confirm(context, event)
        return context.window_manager.invoke_props_dialog(self)

    def confirm(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Run the operator on its model, after a question if there is one."""
        return self.execute(context)


class ZERO123_OT_model_download(_ModelAction):
    """Download a model and convert it for the engine; a cancelled download can be resumed"""

    bl_idname = "zero123.model_download"
    bl_label = "Download Zero123 Model"
    __annotations__ = {
        "model": _catalogue_property(lambda info: bool(info.repo)),
        "accept_licence": accept_property(),
        "dtype": _dtype_property(),
    }

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return why_busy() or ("" if bpy.app.online_access else ALLOW_ONLINE)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        info, layout = known_model(self.model), self.layout
        layout.prop(self, "model")
        draw_licence(layout, info)
        size, disk = size_text(info.size_bytes), size_text(info.installed_bytes)
        layout.label(text=iface_("{} to download, {} on the disk").format(size, disk),
                     translate=False)
        if info.gated:
            layout.label(text="Needs a Hugging Face account and its token in the preferences",
                         icon='LOCKED')
        if not is_accepted(info, context):
            layout.prop(self, "accept_licence")
        if info.installed_bytes > 1e9:
            layout.prop(self, "dtype")

    def act(self, context: bpy.types.Context) -> None:
        arguments = [self.model, "--dtype", self.dtype]
        arguments += ["--accept-licence"] * self.accept_licence
        self.start_work(context, "download", self.model, arguments)


class ZERO123_OT_model_import(_ModelAction):
    """Convert a checkpoint file into a model; the file itself is not changed"""

    bl_idname = "zero123.model_import"
    bl_label = "Import Zero123 Model"
    __annotations__ = {
        "filepath": StringProperty(
            name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="Original .ckpt or .safetensors file, or u2netp.onnx"),
        "filter_glob": StringProperty(default="*.ckpt;*.safetensors;*.onnx", options=_HIDDEN),
        "model": StringProperty(
            name="Name", options=_OPTIONS,
            description="Name of the model; empty uses the catalogue's name for this file, else "
            "the file's name"),
        "config": StringProperty(
            name="Configuration", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="The original .yaml file, if the model is not one of the published ones"),
        "pose_encoding": EnumProperty(
            name="Pose Encoding", default='AUTO', options=_OPTIONS,
            description="How the camera's pose is passed to the network",
            items=[('AUTO', "Automatic", "By the file's name, size and origin"),
                   ('zero123', "Zero123", "For Zero-1-to-3 and Zero123-XL"),
                   ('stable', "Stable Zero123", "For Stable Zero123")]),
        "raw": BoolProperty(
            name="Raw Weights", default=False, options=_OPTIONS,
            description="Use the weights of the last training step instead of the averaged ones"),
        "dtype": _dtype_property(),
        "accept_licence": accept_property(),
    }

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

    def act(self, context: bpy.types.Context) -> None:
        path = Path(bpy.path.abspath(self.filepath))
        name = self._name()
        arguments = [str(path), "--name", name, "--dtype", self.dtype]
        arguments += ["--raw"] * self.raw + ["--accept-licence"] * self.accept_licence
        if self.config:
            arguments += ["--config", bpy.path.abspath(self.config)]
        if self.pose_encoding != 'AUTO':
            arguments += ["--pose-encoding", self.pose_encoding]
        self.start_work(context, "import", name, arguments)

    def _name(self) -> str:
        return self.model or name_for(Path(self.filepath))


class ZERO123_OT_model_verify(_InstalledModelAction):
    """Read all files of a model and compare them with their checksums"""

    bl_idname = "zero123.model_verify"
    bl_label = "Verify Zero123 Model"
    __annotations__ = {"model": _InstalledModelAction.MODEL}

    def act(self, context: bpy.types.Context) -> None:
        self.start_work(context, "verify", self.model, [self.model])


class ZERO123_OT_model_remove(_InstalledModelAction):
    """Delete a model from the model folder, including partial downloads"""

    bl_idname = "zero123.model_remove"
    bl_label = "Remove Zero123 Model"
    __annotations__ = {"model": _InstalledModelAction.MODEL}

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        return why_busy() or (WAIT_FOR_JOBS if session.jobs.active() else "")

    def confirm(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(
            self, event, title=iface_("Remove Zero123 Model"), confirm_text=iface_("Remove"),
            message=iface_("Delete {} from this computer").format(self.model), translate=False)

    def act(self, context: bpy.types.Context) -> None:
        # Windows cannot delete the model's files while the engine has them open.
        session.runner.stop_engine()
        try:
            gone = remove(self.model, addon.model_folder(context))
        finally:
            session.checklist.refresh(context)
        self.report({'INFO'}, rpt_("Removed {}").format(gone))


class ZERO123_OT_model_cancel(Action):
    """Cancel the work on a model; downloaded parts are kept"""

    bl_idname = "zero123.model_cancel"
    bl_label = "Cancel Zero123 Model"

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        works = session.model_work.running and not session.model_work.cancelling
        return "" if works else "No work on a model is running"

    def act(self, context: bpy.types.Context) -> None:
        session.model_work.cancel()


class ZERO123_OT_model_accept_licence(Action):
    """Read and accept the licence of an installed model; it cannot be used before"""

    bl_idname = "zero123.model_accept_licence"
    bl_label = "Accept Zero123 Model Licence"
    __annotations__ = {
        "model": _catalogue_property(lambda info: info.restricted),
        "accept_licence": accept_property(),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        info = known_model(self.model)
        self.layout.prop(self, "model")
        draw_licence(self.layout, info)
        self.layout.prop(self, "accept_licence")

    def act(self, context: bpy.types.Context) -> None:
        info = known_model(self.model)
        if not self.accept_licence:
            raise EngineError(ErrorCode.BAD_INPUT, "the licence was not accepted")
        accept_licence(info, addon.model_folder(context))
        session.checklist.refresh(context)


CLASSES = (ZERO123_OT_model_download, ZERO123_OT_model_import, ZERO123_OT_model_verify,
           ZERO123_OT_model_remove, ZERO123_OT_model_cancel, ZERO123_OT_model_accept_licence)
