# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reconstructed mesh in the scene, imported from its GLB file by Blender's own importer."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...engine.core.errors import EngineError, ErrorCode
from .images import material_image
from .transaction import created_since, note_selection


def add_mesh(path: Path, collection: bpy.types.Collection, name: str,
             before: dict[str, set[int]]) -> list[bpy.types.Object]:
    """Import a GLB file into a collection, Z up, with a Principled material and its texture packed.
    Returns its mesh objects.

    `before` is the running transaction's snapshot, by which new objects are found.

    Raises:
        EngineError: `BAD_INPUT` if the file is missing, damaged or holds no mesh, `ENVIRONMENT` if
            Blender's importer is switched off.
    """
    if not path.is_file():
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} is missing", "run the job again")
    _run_importer(path)
    created = [item for item in created_since(before, "objects")
               if item.name not in collection.objects]
    meshes = [item for item in created if item.type == 'MESH']
    if not meshes:
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} holds no mesh", "run the job again")
    for item in meshes:
        _adopt(item, collection, name)
    for item in [item for item in created if item.type != 'MESH']:
        bpy.data.objects.remove(item)
    return meshes


def _run_importer(path: Path) -> None:
    """Import into the current scene and keep its selection; another scene may get the mesh."""
    restore_selection = note_selection(bpy.context.view_layer)
    try:
        # Vertices that are doubled at the seams of the texture are joined, so that the mesh stays
        # watertight; texture coordinates belong to the corners and keep the seams.
        bpy.ops.import_scene.gltf(filepath=str(path), import_pack_images=True, merge_vertices=True)
    except AttributeError as error:
        raise EngineError(ErrorCode.ENVIRONMENT, "Blender's glTF importer is switched off",
                          "enable the add-on glTF 2.0 format in the preferences") from error
    except RuntimeError as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't read the mesh {path}",
                          "run the job again") from error
    finally:
        restore_selection()


def _adopt(item: bpy.types.Object, collection: bpy.types.Collection, name: str) -> None:
    """Move a new object into a collection under a name, without moving it in the world."""
    world = item.matrix_world.copy()
    item.parent = None
    item.matrix_world = world
    for other in item.users_collection:
        other.objects.unlink(item)
    collection.objects.link(item)
    item.name = item.data.name = name
    for slot in item.material_slots:
        if slot.material:
            slot.material.name = name
            if image := material_image(slot.material):
                image.name = name
    item.data.shade_smooth()
