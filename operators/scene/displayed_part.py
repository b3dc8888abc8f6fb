# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frame of a sequence or movie, and which tile of a tiled image, Blender displays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import bpy


def displayed_frame(image: bpy.types.Image) -> int | None:
    """Number of the displayed frame; None if nothing displays the image.

    For a sequence it is the number in the file's name, for a movie it counts from 1.
    """
    user = next(_users(image), None)
    return None if user is None else _frame(user, bpy.context.scene.frame_current)


def displayed_tile(image: bpy.types.Image) -> int:
    """Number of the active tile, 1001 for the first."""
    return image.tiles.active.number if image.tiles.active else 1001


def displayed_file(image: bpy.types.Image) -> Path:
    """File of the displayed frame of a sequence, or of the active tile of a tiled image."""
    path = bpy.path.abspath(image.filepath_raw, library=image.library)
    if image.source == 'TILED':
        number = displayed_tile(image)
        u, v = (number - 1001) % 10 + 1, (number - 1001) // 10 + 1
        return Path(path.replace("<UDIM>", str(number)).replace("<UVTILE>", f"u{u}_v{v}"))
    frame = displayed_frame(image)
    return Path(path) if frame is None else _numbered(Path(path), frame)


def _numbered(path: Path, frame: int) -> Path:
    """The path with its last number replaced; the number of digits stays."""
    stem = re.sub(r"\d+(?=\D*$)", lambda found: f"{frame:0{len(found[0])}d}", path.stem)
    return path.with_name(stem + path.suffix)


def _frame(user: bpy.types.ImageUser, scene_frame: int) -> int:
    """The frame that an image user shows, as Blender's `BKE_image_user_frame_get` computes it."""
    if not user.use_auto_refresh and user.frame_current:
        return user.frame_current
    frame, count = scene_frame - user.frame_start + 1, user.frame_duration
    frame = (frame - 1) % max(count, 1) + 1 if user.use_cyclic else min(max(frame, 1), count)
    return frame + user.frame_offset


def _users(image: bpy.types.Image) -> Iterator[bpy.types.ImageUser]:
    """The image users of the Image Editor, the active object and then other objects."""
    context = bpy.context
    spaces = [context.space_data]
    if context.window is not None:
        spaces += [area.spaces.active for area in context.window.screen.areas]
    for space in spaces:
        if space is not None and space.type == 'IMAGE_EDITOR' and space.image == image:
            yield space.image_user
    active = context.view_layer.objects.active if context.view_layer else None
    for item in (active, *context.scene.objects):
        if item is not None:
            yield from _users_of_object(item, image)


def _users_of_object(item: bpy.types.Object,
                     image: bpy.types.Image) -> Iterator[bpy.types.ImageUser]:
    if item.type == 'EMPTY' and item.data == image:
        yield item.image_user
    for slot in item.material_slots:
        if slot.material is not None and slot.material.node_tree is not None:
            for node in slot.material.node_tree.nodes:
                if node.type == 'TEX_IMAGE' and node.image == image:
                    yield node.image_user
    if item.type == 'CAMERA':
        for background in item.data.background_images:
            if background.image == image:
                yield background.image_user
