# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another picture for a view that is in the scene already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .record import Record
from .views import load_image


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
            _replace(chosen, load_image(file))
            record.files[1], record.seed = str(file), seed
            record.request = request or record.request
            for item in (chosen, chosen.parent):
                if item is not None and Record.read(item):
                    record.write(item)
        for plane, _ in planes:
            show_plane(plane, plane == chosen)
        shown += 1
    return shown


def show_plane(plane: bpy.types.Object, shown: bool) -> None:
    """In the viewport and in renders, or in neither."""
    plane.hide_viewport = plane.hide_render = not shown


def is_of_pose(facts: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two entries of views.json are samples of the same view."""
    return all(abs(float(facts[name]) - float(other[name])) < 1e-4
               for name in ("azimuth_deg", "elevation_deg", "radius"))


def _planes(scene: bpy.types.Scene, views_json: Path, facts: dict[str, Any],
            ) -> dict[str, list[tuple[bpy.types.Object, Record]]]:
    """By collection, as a result may have been imported twice: the planes of a view."""
    found: dict[str, list[tuple[bpy.types.Object, Record]]] = {}
    for item in scene.objects:
        record = Record.read(item)
        if item.type != 'CAMERA' and record and record.view and not record.is_input and (
                Path(record.files[0]) == views_json and is_of_pose(record.view, facts)):
            for collection in item.users_collection:
                found.setdefault(collection.name, []).append((item, record))
    return found


def _replace(plane: bpy.types.Object, image: bpy.types.Image) -> None:
    """Give an image empty or a mesh plane another picture; drop the old one if nothing shows it."""
    if plane.type == 'EMPTY':
        old, plane.data = plane.data, image
    else:
        node = plane.active_material.node_tree.nodes.active
        old, node.image = node.image, image
    if old is not None and old.users == 0:
        bpy.data.images.remove(old)
