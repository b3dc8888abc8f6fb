# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and the title of the result that an object in the scene belongs to."""

from __future__ import annotations

from pathlib import Path

import bpy

from .frames import result_collection
from .record import Record


def views_file(item: bpy.types.Object | None) -> Path | None:
    """The views.json of the result that an object belongs to; None for any other object."""
    record = Record.read(item) if item is not None else None
    if record is None or not record.files:
        return None
    file = Path(record.files[0])
    return file if file.suffix == ".json" else file.parent / "views" / "views.json"


def title_of(item: bpy.types.Object) -> str:
    """Name of the image that an object was generated from; empty if it has no collection."""
    group = result_collection(item)
    return group.name.removeprefix("Zero123 ") if group else ""
