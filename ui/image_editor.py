# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 tab in the Image Editor's sidebar: the same panels as in the 3D View."""

from __future__ import annotations

import bpy

_SHARED = ("bl_label", "bl_options", "NAMES", "draw", "draw_header", "draw_header_preset")


def in_image_editor(panel: type[bpy.types.Panel]) -> type[bpy.types.Panel]:
    """A copy of the panel for the Image Editor. The panel's `draw` must not use `super()`."""
    values = {name: getattr(panel, name) for name in _SHARED if hasattr(panel, name)}
    parent = getattr(panel, "bl_parent_id", "")
    if parent:
        values["bl_parent_id"] = _name(parent)
    if poll := panel.__dict__.get("poll"):
        values["poll"] = poll
    return type(_name(panel.__name__), (bpy.types.Panel,), {
        **values, "bl_space_type": 'IMAGE_EDITOR', "bl_region_type": 'UI',
        "bl_category": "Zero123"})


def _name(panel: str) -> str:
    return panel.replace("_PT_", "_PT_image_")
