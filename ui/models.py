# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel with the models: which are installed, their licences and their sizes."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..engine.models.catalogue import CommercialUse, ModelInfo, Task, size_text
from ..engine.models.folder import ModelState
from ..operators.scene.translation import CONTEXT
from ..operators.session import session
from ..operators.session.model_list import ModelEntry
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
        models = session.models
        for entry in models.entries:
            _draw_entry(layout.box().column(align=True), entry, context)
        if models.error is not None:
            draw_lines(layout, models.error.message, models.error.hint, context)
        layout.operator("zero123.model_import", text="Import a File", icon='FILE_FOLDER')


def draw_work(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The progress of the work on a model, with a cancel button; else why the last one failed."""
    work = session.model_work
    if work.running:
        row = layout.row(align=True)
        row.progress(factor=work.fraction, text=f"{work.model}: {_work_text()}",
                     translate=False)
        row.operator("zero123.model_cancel", text="", icon='X')
    elif work.error is not None:
        draw_lines(layout.box().column(), work.error.message, work.error.hint, context)


def draw_remedy(column: bpy.types.UILayout, entry: ModelEntry | None) -> None:
    """The button that fixes the problem of an unusable model."""
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
    work = session.model_work
    if work.cancelling:
        return iface_("Cancelling")
    stage, _, unit = work.stage.partition(" ")
    count = f" {work.done}/{work.total} MB" if unit else ""
    return names.get(stage, iface_("Starting", CONTEXT)) + count


def _draw_entry(column: bpy.types.UILayout, entry: ModelEntry,
                context: bpy.types.Context) -> None:
    """One model: its name and buttons; below them its title, licence, sizes and problems."""
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
        lines.label(text="Damaged: remove it, then download or import it again")
    elif entry.state is ModelState.PARTIAL:
        lines.label(text="Partly downloaded: download again to resume")
    if info is None:
        return
    draw_text(lines, iface_(info.title), context)
    if info.commercial_use is not CommercialUse.UNKNOWN:  # an unknown licence is reported below
        draw_text(lines, info.licence, context)
    lines.label(text=_needs(info, entry.state), translate=False)
    if session.checklist.lacks_memory(info):
        lines.label(text="Needs more memory than is free", icon='ERROR')
    if info.restricted:
        lines.label(text=_use_text(info), icon='ERROR', translate=False)
    if entry.state is ModelState.HERE:
        draw_remedy(column, entry)


def _needs(info: ModelInfo, state: ModelState) -> str:
    """Size on the disk or of the download, and the memory that the model needs."""
    needs = size_text(info.size_bytes if state.absent else info.installed_bytes)
    if not info.memory_bytes:
        return needs
    return f"{needs}, " + iface_("{} of memory").format(size_text(info.memory_bytes))


def _use_text(info: ModelInfo) -> str:
    texts = {CommercialUse.FORBIDDEN: iface_("Not for commercial use"),
             CommercialUse.CONDITIONAL: iface_("Commercial use under conditions"),
             CommercialUse.UNKNOWN: iface_("No licence stated by its authors")}
    return texts[info.commercial_use]


CLASSES = (ZERO123_PT_models,)
