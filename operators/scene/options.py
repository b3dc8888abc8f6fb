# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an import, as Blender properties and as plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty

from .translation import CONTEXT

BLEND_RELATIVE: set[str] = (
    {'PATH_SUPPORTS_BLEND_RELATIVE'} if bpy.app.version >= (4, 5, 0) else set())
"""Option of a property whose path may begin with "//", the .blend file's folder. Without it Blender
4.5 and later warn of such a path; earlier versions do not know the option."""
PATH_OPTIONS = {'SKIP_SAVE'} | BLEND_RELATIVE
"""Options of an operator's path. Code that reads it calls `bpy.path.abspath`."""


@dataclass(frozen=True)
class ImportOptions:
    """The values of `import_properties`; the defaults keep results as the engine made them."""

    planes: str = 'EMPTY'
    arrangement: str = 'CAMERAS'
    backgrounds: bool = False
    location: str = 'ORIGIN'
    size: float = 0.0
    """Longest side of the object in scene units; 0 keeps the engine's, which is about 1."""
    on_ground: bool = False
    remesh: str = 'NONE'
    remesh_faces: int = 5000

    @classmethod
    def of(cls, source: Any) -> ImportOptions:
        """The options of an operator or of a scene's settings, which have these properties."""
        return cls(**{f.name: getattr(source, f.name) for f in fields(cls)})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ImportOptions:
        """The options of a record; missing ones have their defaults, unknown ones are ignored."""
        names = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    def values(self) -> dict[str, Any]:
        """The options as keyword arguments of the operator."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def write(self, target: Any) -> None:
        """Set the options as the properties of an operator's button."""
        for name, value in self.values().items():
            setattr(target, name, value)


def import_properties(options: set[str]) -> dict[str, Any]:
    """Annotations of a class that offers these options. `options` are those of each property."""
    defaults = ImportOptions()
    return {
        "planes": EnumProperty(
            name="Planes", default=defaults.planes, options=options,
            items=[('EMPTY', "Reference Images", "Seen while modelling, never rendered"),
                   ('MESH', "Mesh Planes",
                    "Rendered too, unlit and with their transparency. The view transforms AgX "
                    "and Filmic change their colours, Standard does not")]),
        "arrangement": EnumProperty(
            name="Arrangement", default=defaults.arrangement, options=options,
            items=[('CAMERAS', "At Their Cameras", "Each plane fills the frame of its camera"),
                   ('SHEET', "Contact Sheet", "In rows beside the object, seen from the front")]),
        "backgrounds": BoolProperty(
            name="Show in Cameras", default=defaults.backgrounds, options=options,
            description="Show each view's image in its camera, behind the scene"),
        "location": EnumProperty(
            name="Location", default=defaults.location, options=options,
            translation_context=CONTEXT,
            items=[('ORIGIN', "Origin", "Around the world's origin"),
                   ('CURSOR', "3D Cursor", "Around the 3D cursor")]),
        "size": FloatProperty(
            name="Size", default=defaults.size, min=0.0, soft_max=100.0, unit='LENGTH',
            options=options, description="Longest side of the object; 0 keeps about 1 unit"),
        "on_ground": BoolProperty(
            name="Base on Ground", default=defaults.on_ground, options=options,
            description="Lift the mesh, and the views with it, until it stands on the location"),
        "remesh": EnumProperty(
            name="Remesh", default=defaults.remesh, options=options,
            translation_context=CONTEXT,
            items=[('NONE', "As Made", "The engine's triangles with their texture"),
                   ('DECIMATE', "Decimate", "Fewer triangles; the texture stays"),
                   ('VOXEL', "Voxels", "Even quads; the texture becomes vertex colours"),
                   ('QUADRIFLOW', "QuadriFlow",
                    "Quads that follow the shape; the texture becomes vertex colours")]),
        "remesh_faces": IntProperty(
            name="Faces", default=defaults.remesh_faces, min=50, max=1000000, options=options,
            description="About how many faces remeshing leaves"),
    }
