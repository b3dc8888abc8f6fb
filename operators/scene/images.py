# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image a job starts from."""

from __future__ import annotations

import bpy

from ...engine.core.errors import EngineError, ErrorCode


def active_image(context: bpy.types.Context) -> bpy.types.Image | None:
    """The image that the user is looking at.

    It is that of the Image Editor, else that of the active image empty, else that of the active
    object's material, such as a reference plane's.
    """
    space = context.space_data
    if space is not None and space.type == 'IMAGE_EDITOR' and space.image is not None:
        return space.image
    active = context.view_layer.objects.active if context.view_layer else None
    return image_of(active) if active is not None else None


def image_of(item: bpy.types.Object) -> bpy.types.Image | None:
    """The image that an object shows: an image empty's, or its material's."""
    if item.type == 'EMPTY':
        return item.data if item.empty_display_type == 'IMAGE' else None
    return material_image(item.active_material)


def find_image(context: bpy.types.Context, name: str) -> bpy.types.Image:
    """The image of this name, or the active one if the name is empty.

    Raises:
        EngineError: `BAD_INPUT` if there is none.
    """
    image = bpy.data.images.get(name) if name else active_image(context)
    if image is None:
        problem = f"there is no image named {name!r}" if name else "no image is chosen"
        raise EngineError(ErrorCode.BAD_INPUT, problem,
                          "choose one in the Zero123 tab, or open it in the Image Editor")
    return image


def material_image(material: bpy.types.Material | None) -> bpy.types.Image | None:
    """The image of a material's active or first image texture."""
    if material is None or material.node_tree is None:
        return None
    nodes = material.node_tree.nodes
    textures = [node for node in (nodes.active, *nodes)
                if node is not None and node.type == 'TEX_IMAGE' and node.image is not None]
    return textures[0].image if textures else None
