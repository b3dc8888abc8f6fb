# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel with the results on the disk."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators.scene import ImportOptions
from ..operators.scene.translation import CONTEXT
from ..operators.session import session
from ..operators.session.history import HistoryEntry
from .tab import Tab

_THUMBNAIL_SCALE = 2.4


class ZERO123_PT_history(Tab):
    bl_label = "History"
    bl_options = {'DEFAULT_CLOSED'}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        for entry in session.history.entries:
            _draw_entry(layout.box().row(align=True), entry, context)
        if not session.history.entries:
            layout.label(text="Results on the disk will be listed here")
        layout.operator("zero123.refresh_history", text="Refresh", text_ctxt=CONTEXT,
                        icon='FILE_REFRESH')


def _draw_entry(row: bpy.types.UILayout, entry: HistoryEntry, context: bpy.types.Context) -> None:
    if icon := session.thumbnails.icon(entry.key):
        row.template_icon(icon_value=icon, scale=_THUMBNAIL_SCALE)
    column = row.column(align=True)
    column.scale_y = 0.9
    what = iface_("{}: {} views") if entry.kind == "views" else iface_("{}: {} faces")
    column.label(text=what.format(entry.title, entry.amount), translate=False)
    column.label(text=entry.when, translate=False)
    button = row.operator("zero123.import_result", text="", icon='IMPORT')
    ImportOptions.of(context.scene.zero123).write(button)
    button.filepath = str(entry.result)
    row.operator("wm.path_open", text="", icon='FILE_FOLDER').filepath = str(entry.result.parent)


CLASSES = (ZERO123_PT_history,)
