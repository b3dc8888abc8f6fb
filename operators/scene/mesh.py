# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reconstructed mesh in the scene.

What the engine writes is read here, in a third of the time that Blender's own glTF importer takes;
that one reads all other files, such as a mesh that was worked on and exported again.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ...engine.core.errors import EngineError, ErrorCode
from .glb import TexturedTriangles, read_glb
from .transaction import created_since
from .views import textured_material


def add_mesh(path: Path, collection: bpy.types.Collection, name: str,
             before: dict[str, set[int]]) -> list[bpy.types.Object]:
    """Import a GLB file into a collection, Z up, with a Principled material and its texture packed.
    Returns its mesh objects.

    `before` is the running transaction's snapshot, by which new objects are found.

    Raises:
        EngineError: `BAD_INPUT` if the file is missing, damaged or holds no mesh, `ENVIRONMENT` if
            it isn't as the engine writes it and Blender's importer is switched off.
    """
    if not path.is_file():
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} is missing", "run the job again")
    found = read_glb(path)
    if found is None:
        return _add_by_importer(path, collection, name, before)
    item = bpy.data.objects.new(name, _new_mesh(found, name))
    collection.objects.link(item)
    return [item]


def _new_mesh(found: TexturedTriangles, name: str) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(found.vertices))
    mesh.loops.add(found.faces.size)
    mesh.polygons.add(len(found.faces))
    # Attributes are copied whole; the same through vertices and loops goes number by number.
    mesh.attributes["position"].data.foreach_set("vector", found.vertices.ravel())
    mesh.attributes[".corner_vert"].data.foreach_set("value", found.faces.ravel())
    mesh.polygons.foreach_set("loop_start", range(0, found.faces.size, 3))
    mesh.uv_layers.new(name="UVMap", do_init=False).uv.foreach_set("vector", found.uv.ravel())
    mesh.materials.append(_new_material(found, name))
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    return mesh


def _new_material(found: TexturedTriangles, name: str) -> bpy.types.Material:
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=found.texture, data_len=len(found.texture))
    image.source = 'FILE'
    material, shader, texture = textured_material(name, image)
    material.use_backface_culling = True  # as glTF asks of a surface with one side
    material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = found.roughness
    shader.inputs["Metallic"].default_value = found.metallic
    return material


def _add_by_importer(path: Path, collection: bpy.types.Collection, name: str,
                     before: dict[str, set[int]]) -> list[bpy.types.Object]:
    _run_importer(path)
    created = created_since(before, "objects")
    created = [item for item in created if item.name not in collection.objects]
    meshes = [item for item in created if item.type == 'MESH']
    if not meshes:
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} holds no mesh", "run the job again")
    for item in meshes:
        _adopt(item, collection, name)
    for item in [item for item in created if item.type != 'MESH']:
        bpy.data.objects.remove(item)
    return meshes


def _run_importer(path: Path) -> None:
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


def _adopt(item: bpy.types.Object, collection: bpy.types.Collection, name: str) -> None:
    """Move a new object into a collection, in its place in the world, under a name."""
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
    item.data.shade_smooth()
