# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes objects of the scene to .blend files that another Blender process can render."""

from __future__ import annotations

import re
from pathlib import Path

import bpy

from ...engine.core.errors import EngineError, ErrorCode

COLLECTION = "Zero123 Object"
"""Name of the collection that the renderer takes from a .blend file."""
_SURFACES = {'MESH', 'CURVE', 'SURFACE', 'META', 'FONT'}


def renderable(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected objects without a selected parent that have a surface, or a child with one."""
    selected = set(context.selected_objects)
    roots = [item for item in context.selected_objects if not _ancestors(item) & selected]
    return [root for root in roots if any(map(_shows, (root, *root.children_recursive)))]


def save_objects(objects: list[bpy.types.Object], folder: Path) -> None:
    """Write a .blend file for each object with its children, materials and images.

    Raises:
        EngineError: `DISK` if one can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for item in objects:
            _save(item, folder / f"{_unique(item.name, folder)}.blend")
    except (OSError, RuntimeError) as error:
        raise EngineError(ErrorCode.DISK, f"can't write to {folder}: {error}",
                          "choose another results folder in the preferences") from error


def _ancestors(item: bpy.types.Object) -> set[bpy.types.Object]:
    found = set()
    while item.parent is not None:
        item = item.parent
        found.add(item)
    return found


def _shows(item: bpy.types.Object) -> bool:
    return item.type in _SURFACES or item.instance_type == 'COLLECTION'


def _save(item: bpy.types.Object, path: Path) -> None:
    collection = bpy.data.collections.new(COLLECTION)
    try:
        for member in (item, *item.children_recursive):
            collection.objects.link(member)
        bpy.data.libraries.write(str(path), {collection}, path_remap='ABSOLUTE')
    finally:
        bpy.data.collections.remove(collection)


def _unique(name: str, folder: Path) -> str:
    """A file name for an object, without suffix, that no file in the folder has."""
    stem = re.sub(r"[^\w-]+", "_", name).strip("_") or "object"
    number, found = 1, stem
    while (folder / f"{found}.blend").exists():
        number += 1
        found = f"{stem}_{number}"
    return found
