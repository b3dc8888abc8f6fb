# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in which views for a mesh are selected and regenerated."""

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators.session import session
from ..operators.session.view_selection import SelectableView
from .tab import Tab

_COLUMNS = 3
_VIEW_SCALE = 3.6
_SAMPLE_SCALE = 5.0


class ZERO123_PT_select_views(Tab):
    bl_label = "Select Views"

    def draw(self, context: bpy.types.Context) -> None:
        layout, selection = self.layout, session.view_selection
        if not selection.views:
            layout.label(text="Select a result to list its views", icon='INFO')
        layout.operator("zero123.pick_views", text="Views of Active Result",
                        icon='RESTRICT_SELECT_OFF')
        if not selection.views:
            return
        used = sum(view.use for view in selection.views)
        count = iface_("{}: {} of {} views").format(selection.title, used, len(selection.views))
        layout.label(text=count, translate=False)
        grid = layout.grid_flow(row_major=True, columns=_COLUMNS, even_columns=True, align=True)
        for index, view in enumerate(selection.views):
            _draw_view(grid.box().column(align=True), index, view)
        if 0 <= selection.open < len(selection.views):
            _draw_samples(layout.box(), selection.open, selection.views[selection.open])
        row = layout.row()
        row.scale_y = 1.3
        row.operator("zero123.reconstruct_picked", icon='MESH_MONKEY')


def _draw_view(column: bpy.types.UILayout, index: int, view: SelectableView) -> None:
    """The image of a view, its checkbox and its buttons."""
    image = column.column()
    image.active = view.use
    image.template_icon(icon_value=session.thumbnails.icon(view.sample.key), scale=_VIEW_SCALE)
    label = column.row()
    label.alignment = 'CENTER'
    label.active = view.use
    label.label(text=view.label, translate=False)
    row = column.row(align=True)
    tick = row.operator("zero123.use_view", text="",
                        icon='CHECKBOX_HLT' if view.use else 'CHECKBOX_DEHLT')
    tick.view, tick.use = index, not view.use
    row.operator("zero123.regenerate_view", text="", icon='FILE_REFRESH').view = index
    row.operator("zero123.show_samples", text=str(len(view.samples)), translate=False,
                 icon='IMGDISPLAY', depress=session.view_selection.open == index).view = index


def _draw_samples(box: bpy.types.UILayout, index: int, view: SelectableView) -> None:
    """The samples of a view, and the buttons that generate more of them."""
    box.label(text=iface_("Samples of {}, labelled by seed").format(view.label), translate=False)
    grid = box.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    for number, sample in enumerate(view.samples):
        column = grid.box().column(align=True)
        column.template_icon(icon_value=session.thumbnails.icon(sample.key), scale=_SAMPLE_SCALE)
        choose = column.operator(
            "zero123.choose_sample", text=str(sample.seed), translate=False,
            icon='RADIOBUT_ON' if number == view.chosen else 'RADIOBUT_OFF')
        choose.view, choose.sample = index, number
    row = box.row(align=True)
    row.operator("zero123.regenerate_view", text="One More", icon='ADD').view = index
    more = row.operator("zero123.regenerate_view", text="Four More", icon='IMGDISPLAY')
    more.view, more.samples = index, 4
    use = box.operator("wm.context_set_int", text="Use This Seed for New Views", icon='COPYDOWN')
    use.data_path, use.value = "scene.zero123.seed", view.sample.seed


CLASSES = (ZERO123_PT_select_views,)
