# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Menu entries. F3 finds only operators that stand in a menu, so each stands in one."""

import bpy


def _draw_object_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout = menu.layout
    layout.separator()
    layout.operator("zero123.generate_views", icon='CAMERA_DATA')
    layout.operator("zero123.reconstruct_mesh", icon='MESH_MONKEY')
    layout.operator("zero123.remove_background", icon='IMAGE_ALPHA')
    layout.operator("zero123.regenerate", icon='FILE_REFRESH')
    layout.operator("zero123.queue_pictures", icon='FILEBROWSER')
    layout.operator("zero123.queue_selected", text="Generate Views of Selected",
                    icon='RESTRICT_SELECT_OFF').kind = 'VIEWS'
    layout.operator("zero123.queue_selected", text="Reconstruct Meshes of Selected",
                    icon='RESTRICT_SELECT_OFF').kind = 'MESH'
    layout.operator("zero123.refresh_history", icon='FILE_REFRESH')
    layout.operator("zero123.open_log", icon='TEXT')
    layout.operator("zero123.copy_log", icon='COPYDOWN')
    layout.operator("zero123.cancel_job", icon='CANCEL')
    layout.operator("zero123.clear_jobs", icon='TRASH')
    layout.operator("zero123.engine_start", icon='PLAY')
    layout.operator("zero123.engine_stop", icon='PAUSE')
    layout.operator("zero123.release_memory", icon='MEMORY')
    layout.operator("zero123.check_setup", icon='CHECKMARK')
    layout.operator("zero123.copy_report", icon='COPYDOWN')
    layout.operator("zero123.engine_install", icon='IMPORT')
    layout.operator("zero123.engine_install_cancel", icon='CANCEL')


def _draw_image_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout = menu.layout
    layout.separator()
    layout.operator("zero123.generate_views", icon='CAMERA_DATA')
    layout.operator("zero123.reconstruct_mesh", icon='MESH_MONKEY')
    layout.operator("zero123.remove_background", icon='IMAGE_ALPHA')


def _draw_pictures(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout = menu.layout
    layout.operator_context = 'INVOKE_DEFAULT'
    layout.operator("zero123.open_picture", text="Zero123 Picture", icon='FILE_IMAGE')
    layout.operator("zero123.paste_picture", icon='PASTEDOWN')
    layout.operator("zero123.picture_from_render", icon='RENDER_RESULT')
    layout.operator("zero123.picture_from_viewport", icon='VIEW3D')
    layout.operator("zero123.prepare_picture", icon='HIDE_OFF')


def _draw_import_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("zero123.import_result", text="Zero123 Result (.json/.glb)")


def _draw_add_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("zero123.reconstruct_mesh", text="Mesh from Picture", icon='MESH_MONKEY')


_ENTRIES = (
    (bpy.types.VIEW3D_MT_object, _draw_object_menu),
    (bpy.types.VIEW3D_MT_add, _draw_add_menu),
    (bpy.types.IMAGE_MT_image, _draw_image_menu),
    (bpy.types.IMAGE_MT_image, _draw_pictures),
    (bpy.types.VIEW3D_MT_image_add, _draw_pictures),
    (bpy.types.TOPBAR_MT_file_import, _draw_import_menu),
)


def register() -> None:
    """Add the entries."""
    for menu, draw in _ENTRIES:
        menu.append(draw)


def unregister() -> None:
    """Remove them."""
    for menu, draw in _ENTRIES:
        menu.remove(draw)
