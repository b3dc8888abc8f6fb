# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences that restrict the use of a model: shown, and accepted before it is used."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import BoolProperty, EnumProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.models.catalogue import ModelInfo, find_model, list_models
from ..engine.models.licence_store import accept_licence, licence_accepted
from .session import preferences as addon
from .session import timer as background
from .session.checklist import checklist
from .session.messages import report_errors

DIALOG_WIDTH = 420
LINE = 62
"""Characters in a line of a dialog."""
_OPTIONS = {'SKIP_SAVE'}


def accept_property() -> Any:
    return BoolProperty(
        name="I Have Read and Accept the Licence", default=False, options=_OPTIONS,
        description="Asked once for every model whose licence restricts its use")


def draw_licence(layout: bpy.types.UILayout, info: ModelInfo) -> None:
    """What a licence is called, what it restricts, and where its text is."""
    column = layout.column(align=True)
    column.label(text=iface_(info.title), translate=False)
    column.label(text=iface_("Licence: {}").format(info.licence), translate=False)
    for line in textwrap.wrap(iface_(info.terms), LINE):
        column.label(text=line, translate=False)
    if info.licence_url:
        layout.operator("wm.url_open", text="Read the Licence", icon='URL').url = info.licence_url


def is_accepted(info: ModelInfo | None, context: bpy.types.Context) -> bool:
    """Whether nothing has to be accepted. If that can't be read, the engine will say so."""
    try:
        return info is None or licence_accepted(info, addon.model_folder(context))
    except EngineError:
        return True


class ZERO123_OT_model_accept_licence(bpy.types.Operator):
    """Read and accept the licence of a model that is here; it is not used before"""

    bl_idname = "zero123.model_accept_licence"
    bl_label = "Accept Zero123 Model Licence"
    __annotations__ = {
        "model": EnumProperty(
            name="Model", options=_OPTIONS, description="Which model of the catalogue",
            items=[(info.name, info.name, info.title) for info in list_models()
                   if info.restricted]),
        "accept_licence": accept_property(),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        info = find_model(self.model)
        assert info is not None
        self.layout.prop(self, "model")
        draw_licence(self.layout, info)
        self.layout.prop(self, "accept_licence")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        info = find_model(self.model)
        assert info is not None
        if not self.accept_licence:
            raise EngineError(ErrorCode.BAD_INPUT, "the licence was not accepted")
        accept_licence(info, addon.model_folder(context))
        checklist.look(context)
        background.redraw()
        return {'FINISHED'}


CLASSES = (ZERO123_OT_model_accept_licence,)
