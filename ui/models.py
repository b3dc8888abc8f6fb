# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of the models: which are here, what they may be used for, how to get the others."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..engine.models.catalogue import CommercialUse, ModelInfo, Task, size_text
from ..engine.models.folder import ModelState
from ..operators.session.checklist import checklist
from ..operators.session.model_list import ShelfEntry, model_shelf
from ..operators.session.model_work import model_work
from ..operators.session.preferences import CONTEXT
from .notes import draw_lines, draw_text
from .tab import Tab

_ICONS = {ModelState.HERE: 'CHECKMARK', ModelState.MISSING: 'BLANK1', ModelState.DAMAGED: 'ERROR',
          ModelState.PARTIAL: 'TEMP'}


class ZERO123_PT_models(Tab):
    bl_label = "Models"
    bl_options = {'DEFAULT_CLOSED'}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        draw_work(layout, context)
        for entry in model_shelf.entries:
            _draw_entry(layout.box().column(align=True), entry, context)
        if model_shelf.error is not None:
            draw_lines(layout, model_shelf.error.message, model_shelf.error.hint, context)
        layout.operator("zero123.model_import", text="Import a File", icon='FILE_FOLDER')


def draw_work(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far a model is, and the way out; else why the last one failed."""
    if model_work.running:
        row = layout.row(align=True)
        row.progress(factor=model_work.fraction, text=f"{model_work.model}: {_work_text()}",
                     translate=False)
        row.operator("zero123.model_cancel", text="", icon='X')
    elif model_work.error is not None:
        draw_lines(layout.box().column(), model_work.error.message, model_work.error.hint, context)


def draw_remedy(column: bpy.types.UILayout, entry: ShelfEntry | None) -> None:
    """The button that makes a model usable, if it isn't."""
    if entry is None:
        return
    if entry.state.absent:
        column.operator("zero123.model_download", text="Download the Model",
                        icon='IMPORT').model = entry.name
    elif entry.state is ModelState.DAMAGED:
        column.operator("zero123.model_remove", text="Remove the Model",
                        icon='TRASH').model = entry.name
    elif not entry.licence_accepted:
        column.operator("zero123.model_accept_licence", text="Accept the Licence",
                        icon='TEXT').model = entry.name


def _work_text() -> str:
    names = {"download": iface_("Downloading"), "check": iface_("Checking"),
             "import": iface_("Importing"), "verify": iface_("Verifying")}
    if model_work.cancelling:
        return iface_("Cancelling")
    stage, _, unit = model_work.stage.partition(" ")
    count = f" {model_work.done}/{model_work.total} MB" if unit else ""
    return names.get(stage, iface_("Starting", CONTEXT)) + count


def _draw_entry(column: bpy.types.UILayout, entry: ShelfEntry,
                context: bpy.types.Context) -> None:
    """One model: its name and buttons; below, what a person should know of it."""
    row = column.row(align=True)
    row.label(text=entry.name, icon=_ICONS[entry.state], translate=False)
    info = entry.info
    if entry.state.absent:
        row.operator("zero123.model_download", text="", icon='IMPORT').model = entry.name
    elif info is None or info.task is Task.VIEWS:
        chosen = context.scene.zero123.model == entry.name
        use = row.operator("wm.context_set_string", text="",
                           icon='RADIOBUT_ON' if chosen else 'RADIOBUT_OFF')
        use.data_path, use.value = "scene.zero123.model", entry.name
    if entry.removable and not entry.state.absent:
        row.operator("zero123.model_verify", text="", icon='FILE_REFRESH').model = entry.name
    if entry.removable:
        row.operator("zero123.model_remove", text="", icon='TRASH').model = entry.name
    lines = column.column(align=True)
    lines.scale_y = 0.8
    if entry.state is ModelState.DAMAGED:
        lines.label(text="Damaged: remove it, then get it again")
    elif entry.state is ModelState.PARTIAL:
        lines.label(text="Partly downloaded: download it again to go on")
    if info is None:
        return
    draw_text(lines, iface_(info.title), context)
    if info.commercial_use is not CommercialUse.UNKNOWN:  # else there is none, as is said below
        draw_text(lines, info.licence, context)
    lines.label(text=_needs(info, entry.state), translate=False)
    if checklist.lacks_memory(info):
        lines.label(text="Needs more memory than is free", icon='ERROR')
    if info.restricted:
        lines.label(text=_use_text(info), icon='ERROR', translate=False)
    if entry.state is ModelState.HERE:
        draw_remedy(column, entry)


def _needs(info: ModelInfo, state: ModelState) -> str:
    """Of the disk and, when it works, of the memory."""
    needs = size_text(info.size_bytes if state.absent else info.installed_bytes)
    if not info.memory_bytes:
        return needs
    return f"{needs}, " + iface_("{} of memory").format(size_text(info.memory_bytes))


def _use_text(info: ModelInfo) -> str:
    texts = {CommercialUse.FORBIDDEN: iface_("Not for commercial use"),
             CommercialUse.CONDITIONAL: iface_("Commercial use on conditions"),
             CommercialUse.UNKNOWN: iface_("No licence stated by its authors")}
    return texts[info.commercial_use]


CLASSES = (ZERO123_PT_models,)
