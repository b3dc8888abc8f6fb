# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows another image on an existing plane of a view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from .images import image_of
from .record import Record
from .texture_files import keep_in_files, remove_image
from .views import load_image, pose_of


def show_sample(scene: bpy.types.Scene, views_json: Path, facts: dict[str, Any],
                file: Path, seed: int, request: dict[str, Any] | None) -> int:
    """Show this image on the view's plane, and hide other samples of the same pose. Returns how
    many planes now show it: none if the result is not in the scene.

    Several samples of a pose have a plane each; a sample that was made later takes the first one's.
    `request` is that of the image's own job, if it differs from the plane's.

    Raises:
        EngineError: `BAD_INPUT` if the image cannot be read; the scene is unchanged.
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
                keep_in_files(item, file.parent)
            if old is not None and old.users == 0:
                remove_image(old)
        for plane, _ in planes:
            show_plane(plane, plane == chosen)
        shown += 1
    return shown


def show_plane(plane: bpy.types.Object, shown: bool) -> None:
    """Show a plane in viewports and renders, or hide it in both."""
    plane.hide_viewport = plane.hide_render = not shown


def _planes(scene: bpy.types.Scene, views_json: Path, facts: dict[str, Any],
            ) -> dict[str, list[tuple[bpy.types.Object, Record]]]:
    """The planes of a view, by collection, because a result may have been imported twice."""
    found: dict[str, list[tuple[bpy.types.Object, Record]]] = {}
    for item in scene.objects:
        record = Record.read(item)
        if item.type != 'CAMERA' and record and record.is_view and (
                Path(record.files[0]) == views_json and pose_of(record.view) == pose_of(facts)):
            for collection in item.users_collection:
                found.setdefault(collection.name, []).append((item, record))
    return found


def _partners(scene: bpy.types.Scene, record: Record) -> list[bpy.types.Object]:
    """The planes and cameras of an image, in all imports of it."""
    return [item for item in scene.objects
            if (other := Record.read(item)) and other.files == record.files]


def _set_image(item: bpy.types.Object, image: bpy.types.Image) -> None:
    """Give a plane, or a camera with a background, another image."""
    if item.type == 'CAMERA':
        for background in item.data.background_images:
            background.image = image
    elif item.type == 'EMPTY':
        item.data = image
    else:
        item.active_material.node_tree.nodes.active.image = image
