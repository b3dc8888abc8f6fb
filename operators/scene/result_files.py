# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and the title of the result that an object in the scene belongs to."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...engine.core.requests import FITTED_VIEWS, MESH_VIEWS
from .frames import result_collection
from .record import Record


def views_file(item: bpy.types.Object | None) -> Path | None:
    """The views.json of the result that an object belongs to, for a mesh that of the images of it;
    None for any other object."""
    record = Record.read(item) if item is not None else None
    if record is None or not record.files:
        return None
    file = Path(record.files[0])
    return file if file.suffix == ".json" else file.parent / MESH_VIEWS / "views.json"


def views_to_fit(file: Path) -> Path:
    """The views.json that a mesh can be fitted to, of the result with this views.json or mesh.glb.

    For a mesh these are the views to which it was fitted, if the result has them: methods without
    views and earlier versions have none.
    """
    images = file.parent / MESH_VIEWS / "views.json" if file.suffix == ".glb" else file
    fitted = images.parent.parent / FITTED_VIEWS / "views.json"
    return fitted if images.parent.name == MESH_VIEWS and fitted.is_file() else images


def title_of(item: bpy.types.Object) -> str:
    """Name of the image that an object was generated from; empty if it has no collection."""
    group = result_collection(item)
    return group.name.removeprefix("Zero123 ") if group else ""
