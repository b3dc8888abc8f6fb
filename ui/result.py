# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel with the operators for a result in the scene."""

import bpy

from ..operators.scene.comparison import comparison
from .tab import Tab


class ZERO123_PT_result(Tab):
    bl_label = "Active Result"

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column()
        column.operator("zero123.compare", icon='IMAGE_REFERENCE',
                        depress=comparison(context.scene) is not None)
        column.operator("zero123.view_from_camera", icon='VIEW_CAMERA')
        row = column.row(align=True)
        row.operator("zero123.turntable", icon='SEQUENCE')
        row.operator("zero123.turntable_video", text="Video", icon='FILE_MOVIE')
        column.operator("zero123.regenerate", icon='FILE_REFRESH')
        column.operator("zero123.import_again", icon='IMPORT')


CLASSES = (ZERO123_PT_result,)
