# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that accepts the licence of a model."""

import bpy
from bpy.props import EnumProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.models.catalogue import find_model, list_models
from ..engine.models.licence_store import accept_licence
from .session import preferences as addon
from .session import session
from .session.licences import DIALOG_WIDTH, accept_property, draw_licence
from .session.messages import report_errors
from .session.window import redraw_areas

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_model_accept_licence(bpy.types.Operator):
    """Read and accept the licence of an installed model; it cannot be used before"""

    bl_idname = "zero123.model_accept_licence"
    bl_label = "Accept Zero123 Model Licence"
    __annotations__ = {
        "model": EnumProperty(
            name="Model", options=_OPTIONS, description="Name of the model in the catalogue",
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
        session.checklist.refresh(context)
        redraw_areas()
        return {'FINISHED'}


CLASSES = (ZERO123_OT_model_accept_licence,)
