# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what a failed import has created."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy

# Owners come before the data-blocks that they use, so that no used data-block is removed.
_KINDS = ("collections", "objects", "meshes", "cameras", "materials", "images", "textures",
          "node_groups", "scenes", "texts", "actions", "armatures", "lights")


def _existing() -> dict[str, set[int]]:
    return {kind: {item.session_uid for item in getattr(bpy.data, kind)} for kind in _KINDS}


def created_since(before: dict[str, set[int]], kind: str) -> list[bpy.types.ID]:
    """Data-blocks of a kind that did not exist in the snapshot."""
    return [item for item in getattr(bpy.data, kind) if item.session_uid not in before[kind]]


def note_selection(view_layer: bpy.types.ViewLayer) -> Callable[[], None]:
    """Note which objects are selected and active. Returns a function that selects them again."""
    active = view_layer.objects.active
    active_uid = active.session_uid if active else None
    selected = {item.session_uid for item in view_layer.objects
                if item.select_get(view_layer=view_layer)}

    def restore() -> None:
        view_layer.update()
        # A list: selecting rebuilds the collection that is iterated, which crashes Blender 4.2.
        for item in list(view_layer.objects):
            item.select_set(item.session_uid in selected, view_layer=view_layer)
            if item.session_uid == active_uid:
                view_layer.objects.active = item

    return restore


@contextmanager
def all_or_nothing(view_layer: bpy.types.ViewLayer) -> Iterator[dict[str, set[int]]]:
    """Remove every data-block created in the block if it raises, and restore the selection.

    Yields a snapshot for `created_since`.
    """
    before = _existing()
    restore_selection = note_selection(view_layer)
    try:
        yield before
    except BaseException:
        for kind in _KINDS:
            bpy.data.batch_remove(created_since(before, kind))
        restore_selection()
        raise
