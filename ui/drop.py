# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files that are dropped onto the 3D View or the Image Editor, including their sidebars."""

import bpy

from ..operators.input_image import EXTENSIONS


class ZERO123_FH_picture(bpy.types.FileHandler):
    """Added to Blender's own handlers; a drop then asks which one to use."""

    bl_idname = "ZERO123_FH_picture"
    bl_label = "Zero123: Use Image"
    bl_import_operator = "zero123.open_picture"
    bl_file_extensions = ";".join(EXTENSIONS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type in ('VIEW_3D', 'IMAGE_EDITOR')


CLASSES = (ZERO123_FH_picture,)
