# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu entries, in one Zero123 submenu per menu of Blender.

Blender's search (F3) finds only operators that are in a menu or submenu, so each one is in one.
"""

from typing import ClassVar

import bpy

from ..operators.scene.translation import CONTEXT

Entry = tuple[str, str]
"""An operator's idname without "zero123.", and its icon; an empty idname is a separator."""
_SEPARATOR: Entry = ("", "")


class _Menu(bpy.types.Menu):
    """Base of the submenus."""

    bl_translation_context = CONTEXT
    ENTRIES: ClassVar[tuple[Entry, ...]] = ()

    def draw(self, context: bpy.types.Context) -> None:
        _draw_entries(self.layout, self.ENTRIES)


def _draw_entries(layout: bpy.types.UILayout, entries: tuple[Entry, ...]) -> None:
    layout.operator_context = 'INVOKE_DEFAULT'
    for name, icon in entries:
        if name:
            layout.operator(f"zero123.{name}", icon=icon)
        else:
            layout.separator()


class ZERO123_MT_object(_Menu):
    """Submenu of the Object menu: the jobs, and below them one submenu per subject."""

    bl_label = "Zero123"
    ENTRIES = (("generate_views", 'CAMERA_DATA'), ("view_from_camera", 'VIEW_CAMERA'),
               ("reconstruct_mesh", 'MESH_MONKEY'), ("remove_background", 'IMAGE_ALPHA'),
               _SEPARATOR,
               ("regenerate", 'FILE_REFRESH'), ("import_again", 'IMPORT'),
               ("compare", 'IMAGE_REFERENCE'),
               _SEPARATOR)

    def draw(self, context: bpy.types.Context) -> None:
        _draw_entries(self.layout, self.ENTRIES)
        for subject in ("views", "batch", "jobs", "training", "models", "engine"):
            self.layout.menu(f"ZERO123_MT_{subject}")


class ZERO123_MT_views(_Menu):
    bl_label = "Views"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        _draw_entries(layout, (("pick_views", 'RESTRICT_SELECT_OFF'),))
        layout.operator("zero123.use_view", text="Use View", icon='CHECKBOX_HLT')
        layout.operator("zero123.use_view", text="Leave Out View",
                        icon='CHECKBOX_DEHLT').use = False
        _draw_entries(layout, (
            ("show_samples", 'IMGDISPLAY'), ("choose_sample", 'RADIOBUT_ON'),
            ("regenerate_view", 'FILE_REFRESH'), ("reconstruct_picked", 'MESH_MONKEY'),
            _SEPARATOR,
            ("turntable", 'SEQUENCE'), ("turntable_video", 'FILE_MOVIE')))


class ZERO123_MT_batch(_Menu):
    bl_label = "Several Images"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("zero123.queue_selected", text="Generate Views of Selected",
                        icon='RESTRICT_SELECT_OFF').kind = 'VIEWS'
        layout.operator("zero123.queue_selected", text="Reconstruct Meshes of Selected",
                        icon='RESTRICT_SELECT_OFF').kind = 'MESH'
        _draw_entries(layout, (("queue_pictures", 'FILEBROWSER'),))


class ZERO123_MT_jobs(_Menu):
    bl_label = "Jobs"
    ENTRIES = (("cancel_job", 'CANCEL'), ("resume_job", 'PLAY'), ("clear_jobs", 'TRASH'),
               ("refresh_history", 'FILE_REFRESH'), ("discard_job", 'TRASH'))


class ZERO123_MT_training(_Menu):
    bl_label = "Training"
    ENTRIES = (("render_dataset", 'RENDER_STILL'), ("train_model", 'GRAPH'))


class ZERO123_MT_models(_Menu):
    bl_label = "Models"
    ENTRIES = (("model_download", 'IMPORT'), ("model_import", 'FILE_FOLDER'),
               ("model_verify", 'CHECKMARK'), ("model_remove", 'TRASH'),
               ("model_accept_licence", 'TEXT'), ("model_cancel", 'CANCEL'))


class ZERO123_MT_engine(_Menu):
    bl_label = "Engine"
    ENTRIES = (("engine_start", 'PLAY'), ("engine_stop", 'PAUSE'), ("release_memory", 'MEMORY'),
               _SEPARATOR,
               ("open_log", 'TEXT'), ("copy_log", 'COPYDOWN'), ("check_setup", 'CHECKMARK'),
               ("copy_report", 'COPYDOWN'),
               _SEPARATOR,
               ("engine_install", 'IMPORT'), ("engine_install_cancel", 'CANCEL'))


class ZERO123_MT_image(_Menu):
    """Submenu of the Image Editor's Image menu and of Add > Image: sources of the input image."""

    bl_label = "Zero123"
    ENTRIES = (("generate_views", 'CAMERA_DATA'), ("reconstruct_mesh", 'MESH_MONKEY'),
               ("remove_background", 'IMAGE_ALPHA'),
               _SEPARATOR,
               ("open_picture", 'FILE_IMAGE'), ("paste_picture", 'PASTEDOWN'),
               ("picture_from_render", 'RENDER_RESULT'), ("picture_from_viewport", 'VIEW3D'),
               ("text_to_image", 'TEXT'),
               _SEPARATOR,
               ("prepare_picture", 'HIDE_OFF'), ("estimate_elevation", 'VIEW_CAMERA'))


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
