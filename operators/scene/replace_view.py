# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another picture for a view that is in the scene already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from .images import image_of
from .record import Record
from .views import load_image, pose_of


def show_sample(scene: bpy.types.Scene, views_json: Path, facts: dict[str, Any],
                file: Path, seed: int, request: dict[str, Any] | None) -> int:
    """Show this picture at the view's plane, and no other of the same pose. Returns how many
    planes now show it; none if the result is not in the scene.

    Several samples of a pose have a plane each; one that was made later takes the first one's.
    `request` is that of the picture's own job, if it isn't the plane's.

    Raises:
        EngineError: `BAD_INPUT` if the picture can't be read; the scene is as before.
    """
    shown = 0
    for planes in _planes(scene, views_json, facts).values():
        chosen = next((plane for plane, record in planes if Path(record.files[1]) == file), None)
        if chosen is None:
            chosen, record = planes[0]
            old, new = image_of(chosen), load_image(file)
            made = replace(record, files=[record.files[0], str(file)], seed=seed,
                           request=request or record.request)
            for item in _partners(scene, record):
                _set_image(item, new)
                made.write(item)
            if old is not None and old.users == 0:
                bpy.data.images.remove(old)
        for plane, _ in planes:
            show_plane(plane, plane == chosen)
        shown += 1
    return shown


def show_plane(plane: bpy.types.Object, shown: bool) -> None:
    """In the viewport and in renders, or in neither."""
    plane.hide_viewport = plane.hide_render = not shown


def _planes(scene: bpy.types.Scene, views_json: Path, facts: dict[str, Any],
            ) -> dict[str, list[tuple[bpy.types.Object, Record]]]:
    """By collection, as a result may have been imported twice: the planes of a view."""
    found: dict[str, list[tuple[bpy.types.Object, Record]]] = {}
    for item in scene.objects:
        record = Record.read(item)
        if item.type != 'CAMERA' and record and record.is_view and (
                Path(record.files[0]) == views_json and pose_of(record.view) == pose_of(facts)):
            for collection in item.users_collection:
                found.setdefault(collection.name, []).append((item, record))
    return found


def _partners(scene: bpy.types.Scene, record: Record) -> list[bpy.types.Object]:
    """The plane and the camera of a picture, and those of another import of it."""
    return [item for item in scene.objects
            if (other := Record.read(item)) and other.files == record.files]


def _set_image(item: bpy.types.Object, image: bpy.types.Image) -> None:
    """Give a plane, or a camera with a background, another picture."""
    if item.type == 'CAMERA':
        for background in item.data.background_images:
            background.image = image
    elif item.type == 'EMPTY':
        item.data = image
    else:
        item.active_material.node_tree.nodes.active.image = image
