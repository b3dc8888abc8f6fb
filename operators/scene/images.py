# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which picture a job starts from, and how the engine gets it as a file."""

from __future__ import annotations

from array import array
from pathlib import Path

import bpy

from ...engine.core.errors import EngineError, ErrorCode


def active_image(context: bpy.types.Context) -> bpy.types.Image | None:
    """The picture a person is looking at.

    In this order: the Image Editor's, the active image empty's, that of the active object's
    material (a reference plane's, say).
    """
    space = context.space_data
    if space is not None and space.type == 'IMAGE_EDITOR' and space.image is not None:
        return space.image
    active = context.view_layer.objects.active if context.view_layer else None
    return image_of(active) if active is not None else None


def image_of(item: bpy.types.Object) -> bpy.types.Image | None:
    """The picture that an object shows: an image empty's, or its material's."""
    if item.type == 'EMPTY':
        return item.data if item.empty_display_type == 'IMAGE' else None
    return _material_image(item.active_material)


def find_image(context: bpy.types.Context, name: str) -> bpy.types.Image:
    """The picture of this name, or the active one if the name is empty.

    Raises:
        EngineError: `BAD_INPUT` if there is none.
    """
    image = bpy.data.images.get(name) if name else active_image(context)
    if image is None:
        problem = f"there is no image named {name!r}" if name else "no picture is chosen"
        raise EngineError(ErrorCode.BAD_INPUT, problem,
                          "choose one in the Zero123 tab, or open it in the Image Editor")
    return image


def image_file(image: bpy.types.Image, folder: Path) -> Path:
    """The picture as a file: its own if that holds the same pixels, else a copy in `folder`.

    The image and its settings stay as they are.

    Raises:
        EngineError: `BAD_INPUT` if it has no pixels, `DISK` if the copy can't be written.
    """
    own = Path(bpy.path.abspath(image.filepath_raw, library=image.library))
    if image.source == 'FILE' and not image.is_dirty and image.packed_file is None:
        return own  # if it has gone missing, the engine says so
    if not image.has_data and image.packed_file is None and image.source != 'GENERATED':
        raise EngineError(ErrorCode.BAD_INPUT, f"the image {image.name} has no pixels",
                          "render it, or choose another picture")
    path = folder / "picture.png"
    copy = _copy_of_pixels(image)
    try:
        copy.save(filepath=str(path))
    except RuntimeError as error:
        raise EngineError(ErrorCode.DISK, f"can't write {path}: {error}",
                          "choose another results folder in the preferences") from error
    finally:
        bpy.data.images.remove(copy)
    return path


def _copy_of_pixels(image: bpy.types.Image) -> bpy.types.Image:
    """A new PNG image with these pixels. Saving the image itself would change its path and its
    unsaved state, and `save_copy`, which doesn't, is missing from Blender 4.2.
    """
    copy = bpy.data.images.new(image.name, *image.size, alpha=True, float_buffer=image.is_float)
    copy.colorspace_settings.name = image.colorspace_settings.name
    copy.file_format = 'PNG'
    channels = image.channels
    pixels = array("f", [0.0]) * len(image.pixels)
    image.pixels.foreach_get(pixels)
    rgba = array("f", [1.0]) * len(copy.pixels)
    for channel in range(4 if channels == 4 else 3):
        rgba[channel::4] = pixels[min(channel, channels - 1)::channels]
    copy.pixels.foreach_set(rgba)
    return copy


def _material_image(material: bpy.types.Material | None) -> bpy.types.Image | None:
    """The picture of a material's active or first image texture."""
    if material is None or material.node_tree is None:
        return None
    nodes = material.node_tree.nodes
    textures = [node for node in (nodes.active, *nodes)
                if node is not None and node.type == 'TEX_IMAGE' and node.image is not None]
    return textures[0].image if textures else None
