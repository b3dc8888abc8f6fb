# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that set the input image: from a file, the clipboard, a render or a 3D View."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from .scene import viewport
from .scene.image_files import has_pixels, write_shown
from .scene.options import PATH_OPTIONS
from .scene.views import load_image
from .session.messages import report_errors, unless

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".tga", ".jp2", ".exr",
              ".hdr", ".dpx", ".cin", ".dds", ".rgb", ".sgi")
"""Endings of image files that can be dropped, and whose paths can be pasted."""
_OPTIONS = {'SKIP_SAVE'}


def image_of_file(path: Path) -> bpy.types.Image:
    """The image data-block of an image file; an existing one is reused.

    Raises:
        EngineError: `BAD_INPUT` if Blender cannot read it.
    """
    known = set(bpy.data.images)
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't read the image {path}",
                          "choose another file") from error
    if has_pixels(image):
        return image
    if image not in known:
        bpy.data.images.remove(image)
    raise EngineError(ErrorCode.BAD_INPUT, f"{path} is not an image that Blender can read",
                      "choose another file")


class _InputImage(bpy.types.Operator):
    """Base of the operators that set the input image."""

    bl_options = {'REGISTER', 'UNDO'}

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.zero123.image = self.get_image(context)
        return {'FINISHED'}

    def get_image(self, context: bpy.types.Context) -> bpy.types.Image:
        """The image to use.

        Raises:
            EngineError: `BAD_INPUT` if there is none.
        """
        raise NotImplementedError


class ZERO123_OT_open_picture(_InputImage):
    """Use an image file as the input image"""

    bl_idname = "zero123.open_picture"
    bl_label = "Use Image"

    filepath: StringProperty(  # type: ignore[valid-type]
        name="File", subtype='FILE_PATH', options=PATH_OPTIONS, description="Image of one object")
    filter_image: BoolProperty(  # type: ignore[valid-type]
        default=True, options={'HIDDEN', 'SKIP_SAVE'})
    filter_folder: BoolProperty(  # type: ignore[valid-type]
        default=True, options={'HIDDEN', 'SKIP_SAVE'})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:  # dropped
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {'RUNNING_MODAL'}

    def get_image(self, context: bpy.types.Context) -> bpy.types.Image:
        return image_of_file(Path(bpy.path.abspath(self.filepath)))


class ZERO123_OT_paste_picture(_InputImage):
    """Use the image on the clipboard, or the image file whose path is there"""

    bl_idname = "zero123.paste_picture"
    bl_label = "Paste Image"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        windowless = bpy.app.background or context.window is None
        return unless(cls, "The clipboard needs a window" if windowless else "")

    def get_image(self, context: bpy.types.Context) -> bpy.types.Image:
        path = file_of_text(context.window_manager.clipboard)
        return image_of_file(path) if path else _clipboard_image(context)


class ZERO123_OT_picture_from_render(_InputImage):
    """Use the last render as the input image; nothing is rendered again"""

    bl_idname = "zero123.picture_from_render"
    bl_label = "Image from Render"

    def get_image(self, context: bpy.types.Context) -> bpy.types.Image:
        return _render_result()


class ZERO123_OT_picture_from_viewport(_InputImage):
    """Use what the 3D View shows as the input image, without overlays and background"""

    bl_idname = "zero123.picture_from_viewport"
    bl_label = "Image from 3D View"

    size: IntProperty(  # type: ignore[valid-type]
        name="Size", default=512, min=64, max=4096, options=_OPTIONS,
        description="Width and height in pixels; the middle of the view is used")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        unseen = bpy.app.background or viewport.find_view(context) is None
        return unless(cls, "Open a 3D View in this window" if unseen else "")

    def get_image(self, context: bpy.types.Context) -> bpy.types.Image:
        return viewport.capture(context, self.size)


def file_of_text(text: str) -> Path | None:
    """The image file that a copied text names by its path or file:// address, or None."""
    line = text.strip().strip("\"'")
    if not line or "\n" in line or "\0" in line:
        return None
    address = urlsplit(line)
    path = Path(unquote(address.path) if address.scheme == "file" else line).expanduser()
    try:
        found = path.suffix.lower() in EXTENSIONS and path.is_absolute() and path.is_file()
    except OSError:  # a long text is not a path
        return None
    return path if found else None


def _clipboard_image(context: bpy.types.Context) -> bpy.types.Image:
    """The image on the clipboard as a new data-block.

    Raises:
        EngineError: `BAD_INPUT` if there is none, or Blender cannot paste images here.
    """
    before = {image.session_uid for image in bpy.data.images}
    area = context.area or context.window.screen.areas[0]
    kind = area.ui_type
    area.ui_type = 'IMAGE_EDITOR'  # Blender pastes images only there
    try:
        with context.temp_override(area=area, region=area.regions[-1]):
            if bpy.ops.image.clipboard_paste.poll():
                bpy.ops.image.clipboard_paste()
    finally:
        area.ui_type = kind
    pasted = [image for image in bpy.data.images if image.session_uid not in before
              and image.source not in ('VIEWER',)]
    if not pasted:
        raise EngineError(ErrorCode.BAD_INPUT, "there is no image on the clipboard",
                          "copy an image, or its path: Blender can't paste images under X11")
    pasted[0].pack()
    return pasted[0]


def _render_result() -> bpy.types.Image:
    """The last render as a new packed image.

    Raises:
        EngineError: `BAD_INPUT` if nothing was rendered yet.
    """
    result = next((image for image in bpy.data.images if image.type == 'RENDER_RESULT'), None)
    if result is None:
        raise EngineError(ErrorCode.BAD_INPUT, "there is no render yet", "render the scene first")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Render.png"
        write_shown(result, path)
        return load_image(path)


CLASSES = (ZERO123_OT_open_picture, ZERO123_OT_paste_picture, ZERO123_OT_picture_from_render,
           ZERO123_OT_picture_from_viewport)
