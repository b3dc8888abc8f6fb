# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel that is shown while the set-up is incomplete, with buttons that complete it."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..engine.core.errors import EngineError
from ..operators.session import session
from ..operators.session.preferences import ROOT_PACKAGE
from .models import draw_remedy, draw_work
from .notes import draw_installation, draw_lines
from .tab import Tab

DEVICES = {"cpu": "CPU", "cuda": "CUDA", "mps": "Metal"}


class ZERO123_PT_setup(Tab):
    bl_label = "Set Up"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        checklist = session.checklist
        return checklist.incomplete or checklist.running or session.installation.running

    def draw(self, context: bpy.types.Context) -> None:
        column, checklist = self.layout.column(), session.checklist
        engine_error = checklist.python_error or checklist.facts_error
        _draw_item(column, iface_("Engine"), engine_error, bool(checklist.facts), context)
        if engine_error or session.installation.running:
            draw_installation(column, context)
            column.operator("preferences.addon_show", text="Choose the Engine's Python",
                            icon='PREFERENCES').module = ROOT_PACKAGE
        _draw_item(column, iface_("Device"), None, bool(checklist.facts), context)
        draw_device(column)
        _draw_item(column, iface_("Model"), checklist.model_error, True, context)
        if checklist.model_error:
            draw_remedy(column, session.models.entry(context.scene.zero123.model))
            use = column.operator("wm.context_set_string", text="Use the Bundled Model",
                                  icon='CHECKMARK')
            use.data_path, use.value = "scene.zero123.model", "nano"
        draw_work(column, context)
        row = column.row(align=True)
        row.operator("zero123.check_setup", text="Check Again", icon='FILE_REFRESH')
        row.operator("zero123.copy_report", text="Copy Report", icon='COPYDOWN')


def _draw_item(column: bpy.types.UILayout, name: str, error: EngineError | None, known: bool,
               context: bpy.types.Context) -> None:
    """One item of the list; below it, its problem."""
    icon = 'ERROR' if error else 'CHECKMARK' if known else 'QUESTION'
    column.label(text=name, icon=icon, translate=False)
    if error:
        draw_lines(column, error.message, error.hint, context)


def draw_device(layout: bpy.types.UILayout) -> None:
    """Draw the engine's device, if it is known."""
    if facts := session.checklist.facts:
        device = DEVICES.get(facts["device"], facts["device"])
        memory = f"{facts['memory_mb'] / 1000:.1f} GB"
        layout.label(text=f"{device}, {memory}", translate=False)


CLASSES = (ZERO123_PT_setup,)
