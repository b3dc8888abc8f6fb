# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu entries, in one Zero123 submenu per menu of Blender.

Blender's search (F3) finds only operators that are in a menu or submenu, so each one is in one.
"""

import bpy

from ..operators.scene.translation import CONTEXT


class _Menu(bpy.types.Menu):
    """Base of the submenus."""

    bl_translation_context = CONTEXT


class ZERO123_MT_object(_Menu):
    """Submenu of the Object menu: the jobs, and below them one submenu per subject."""

    bl_label = "Zero123"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.generate_views", icon='CAMERA_DATA')
        layout.operator("zero123.view_from_camera", icon='VIEW_CAMERA')
        layout.operator("zero123.reconstruct_mesh", icon='MESH_MONKEY')
        layout.operator("zero123.remove_background", icon='IMAGE_ALPHA')
        layout.separator()
        layout.operator("zero123.regenerate", icon='FILE_REFRESH')
        layout.operator("zero123.import_again", icon='IMPORT')
        layout.operator("zero123.compare", icon='IMAGE_REFERENCE')
        layout.separator()
        layout.menu("ZERO123_MT_views")
        layout.menu("ZERO123_MT_batch")
        layout.menu("ZERO123_MT_jobs")
        layout.menu("ZERO123_MT_training")
        layout.menu("ZERO123_MT_models")
        layout.menu("ZERO123_MT_engine")


class ZERO123_MT_views(_Menu):
    bl_label = "Views"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.pick_views", icon='RESTRICT_SELECT_OFF')
        layout.operator("zero123.use_view", text="Use View", icon='CHECKBOX_HLT')
        leave_out = layout.operator("zero123.use_view", text="Leave Out View",
                                    icon='CHECKBOX_DEHLT')
        leave_out.use = False
        layout.operator("zero123.show_samples", icon='IMGDISPLAY')
        layout.operator("zero123.choose_sample", icon='RADIOBUT_ON')
        layout.operator("zero123.regenerate_view", icon='FILE_REFRESH')
        layout.operator("zero123.reconstruct_picked", icon='MESH_MONKEY')
        layout.separator()
        layout.operator("zero123.turntable", icon='SEQUENCE')
        layout.operator("zero123.turntable_video", icon='FILE_MOVIE')


class ZERO123_MT_batch(_Menu):
    bl_label = "Several Images"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.queue_selected", text="Generate Views of Selected",
                        icon='RESTRICT_SELECT_OFF').kind = 'VIEWS'
        layout.operator("zero123.queue_selected", text="Reconstruct Meshes of Selected",
                        icon='RESTRICT_SELECT_OFF').kind = 'MESH'
        layout.operator_context = 'INVOKE_DEFAULT'
        layout.operator("zero123.queue_pictures", icon='FILEBROWSER')


class ZERO123_MT_jobs(_Menu):
    bl_label = "Jobs"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.cancel_job", icon='CANCEL')
        layout.operator("zero123.resume_job", icon='PLAY')
        layout.operator("zero123.clear_jobs", icon='TRASH')
        layout.operator("zero123.refresh_history", icon='FILE_REFRESH')
        layout.operator_context = 'INVOKE_DEFAULT'
        layout.operator("zero123.discard_job", icon='TRASH')


class ZERO123_MT_training(_Menu):
    bl_label = "Training"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.render_dataset", icon='RENDER_STILL')
        layout.operator("zero123.train_model", icon='GRAPH')


class ZERO123_MT_models(_Menu):
    bl_label = "Models"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = 'INVOKE_DEFAULT'
        layout.operator("zero123.model_download", icon='IMPORT')
        layout.operator("zero123.model_import", icon='FILE_FOLDER')
        layout.operator("zero123.model_verify", icon='CHECKMARK')
        layout.operator("zero123.model_remove", icon='TRASH')
        layout.operator("zero123.model_accept_licence", icon='TEXT')
        layout.operator("zero123.model_cancel", icon='CANCEL')


class ZERO123_MT_engine(_Menu):
    bl_label = "Engine"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.engine_start", icon='PLAY')
        layout.operator("zero123.engine_stop", icon='PAUSE')
        layout.operator("zero123.release_memory", icon='MEMORY')
        layout.separator()
        layout.operator("zero123.open_log", icon='TEXT')
        layout.operator("zero123.copy_log", icon='COPYDOWN')
        layout.operator("zero123.check_setup", icon='CHECKMARK')
        layout.operator("zero123.copy_report", icon='COPYDOWN')
        layout.separator()
        layout.operator("zero123.engine_install", icon='IMPORT')
        layout.operator("zero123.engine_install_cancel", icon='CANCEL')


class ZERO123_MT_image(_Menu):
    """Submenu of the Image Editor's Image menu and of Add > Image: sources of the input image."""

    bl_label = "Zero123"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.generate_views", icon='CAMERA_DATA')
        layout.operator("zero123.reconstruct_mesh", icon='MESH_MONKEY')
        layout.operator("zero123.remove_background", icon='IMAGE_ALPHA')
        layout.separator()
        layout.operator_context = 'INVOKE_DEFAULT'
        layout.operator("zero123.open_picture", icon='FILE_IMAGE')
        layout.operator("zero123.paste_picture", icon='PASTEDOWN')
        layout.operator("zero123.picture_from_render", icon='RENDER_RESULT')
        layout.operator("zero123.picture_from_viewport", icon='VIEW3D')
        layout.operator("zero123.text_to_image", icon='TEXT')
        layout.separator()
        layout.operator("zero123.prepare_picture", icon='HIDE_OFF')
        layout.operator("zero123.estimate_elevation", icon='VIEW_CAMERA')


def _draw_object_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu("ZERO123_MT_object", icon='MESH_MONKEY')


def _draw_image_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu("ZERO123_MT_image", icon='MESH_MONKEY')


def _draw_import_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator("zero123.import_result", text="Zero123 Result (.json/.glb)")


def _draw_add_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout = menu.layout
    layout.operator_context = 'INVOKE_DEFAULT'
    layout.operator("zero123.reconstruct_mesh", text="Mesh from Image", icon='MESH_MONKEY')


CLASSES = (ZERO123_MT_object, ZERO123_MT_views, ZERO123_MT_batch, ZERO123_MT_jobs,
           ZERO123_MT_training, ZERO123_MT_models, ZERO123_MT_engine, ZERO123_MT_image)
_ENTRIES = (
    (bpy.types.VIEW3D_MT_object, _draw_object_menu),
    (bpy.types.VIEW3D_MT_add, _draw_add_menu),
    (bpy.types.IMAGE_MT_image, _draw_image_menu),
    (bpy.types.VIEW3D_MT_image_add, _draw_image_menu),
    (bpy.types.TOPBAR_MT_file_import, _draw_import_menu),
)


def register() -> None:
    """Add the entries to Blender's menus."""
    for menu, draw in _ENTRIES:
        menu.append(draw)


def unregister() -> None:
    """Remove the entries."""
    for menu, draw in _ENTRIES:
        menu.remove(draw)
