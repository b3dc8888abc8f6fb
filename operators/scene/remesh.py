# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remeshes with Blender's own tools, and keeps the colours that these would discard."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import bpy
from mathutils.bvhtree import BVHTree

from ...engine.core.errors import EngineError, ErrorCode

if TYPE_CHECKING:
    import numpy as np

COLOUR = "Color"
"""Name of the colour attribute, as Blender calls a first one."""


def remesh(item: bpy.types.Object, method: str, faces: int) -> None:
    """Give a textured mesh about `faces` faces by 'DECIMATE', 'VOXEL' or 'QUADRIFLOW'.

    The last two lose the texture, so it becomes a colour attribute that the material shows.

    Raises:
        EngineError: `BAD_INPUT` if QuadriFlow refuses the mesh.
    """
    if method == 'NONE':
        return
    colours = None if method == 'DECIMATE' else _SurfaceColours(item)
    if method == 'QUADRIFLOW':
        _quadriflow(item, faces)
    else:
        _apply_modifier(item, method, faces)
    if colours is not None:
        colours.put_on(item)


def _apply_modifier(item: bpy.types.Object, method: str, faces: int) -> None:
    if method == 'DECIMATE':
        modifier = item.modifiers.new("Decimate", 'DECIMATE')
        modifier.ratio = min(faces / max(len(item.data.polygons), 1), 1.0)
    else:
        modifier = item.modifiers.new("Remesh", 'REMESH')
        modifier.mode = 'VOXEL'
        modifier.voxel_size = math.sqrt(sum(p.area for p in item.data.polygons) / faces)
        modifier.use_smooth_shade = True
    bpy.context.view_layer.update()
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    _replace(item, bpy.data.meshes.new_from_object(evaluated))
    item.modifiers.remove(modifier)


def _quadriflow(item: bpy.types.Object, faces: int) -> None:
    with bpy.context.temp_override(object=item, active_object=item, selected_objects=[item],
                                   selected_editable_objects=[item]):
        result = bpy.ops.object.quadriflow_remesh(target_faces=faces, use_mesh_symmetry=False)
    if 'FINISHED' not in result:
        raise EngineError(ErrorCode.BAD_INPUT, "QuadriFlow can't remesh this mesh",
                          "import it as made, or with voxels")
    item.data.shade_smooth()


def _replace(item: bpy.types.Object, mesh: bpy.types.Mesh) -> None:
    old, item.data = item.data, mesh
    name = old.name
    bpy.data.meshes.remove(old)
    mesh.name = name


class _SurfaceColours:
    """The colours of a textured mesh at any point of its surface."""

    def __init__(self, item: bpy.types.Object) -> None:
        import numpy as np

        mesh = item.data
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        co = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", co)
        uv = np.empty(2 * len(mesh.loops), np.float32)
        mesh.uv_layers.active.data.foreach_get("uv", uv)
        self.triangles = co.reshape(-1, 3)[corners.reshape(-1, 3)]
        self.uv = uv.reshape(-1, 3, 2)
        self.tree = BVHTree.FromPolygons([*map(tuple, co.reshape(-1, 3))],
                                         [*map(tuple, corners.reshape(-1, 3).tolist())])
        image = _base_colour_image(item)
        self.size = np.array(image.size)
        pixels = np.empty(4 * self.size.prod(), np.float32)
        image.pixels.foreach_get(pixels)
        self.pixels = pixels.reshape(self.size[1], self.size[0], 4)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Colours (V x 4, as the image stores them) at points (V x 3) near the surface."""
        import numpy as np

        found = [self.tree.find_nearest(point) for point in points.tolist()]
        place = np.array([location for location, *_ in found])
        face = np.array([index for _, _, index, _ in found])
        a, b, c = np.moveaxis(self.triangles[face], 1, 0)
        # Barycentric coordinates from the areas opposite to the corners.
        areas = [np.linalg.norm(np.cross(q - place, r - place), axis=1)
                 for q, r in ((b, c), (c, a), (a, b))]
        weights = np.stack(areas, 1) + 1e-12
        uv = np.einsum("vk,vkd->vd", weights / weights.sum(1, keepdims=True), self.uv[face])
        column, row = (uv * self.size).astype(int).clip(0, self.size - 1).T
        return self.pixels[row, column]

    def put_on(self, item: bpy.types.Object) -> None:
        """Give a mesh these colours as an attribute that its material shows."""
        import numpy as np

        mesh = item.data
        co = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", co)
        attribute = mesh.color_attributes.new(COLOUR, 'BYTE_COLOR', 'POINT')
        attribute.data.foreach_set("color_srgb", self.at(co.reshape(-1, 3)).ravel())
        tree = item.active_material.node_tree
        shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
        node = tree.nodes.new('ShaderNodeVertexColor')
        node.layer_name = COLOUR
        node.location = shader.location.x - 200, shader.location.y
        image = _base_colour_node(item)
        tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
        unused = image.image
        tree.nodes.remove(image)
        if not unused.users:
            bpy.data.images.remove(unused)


def _base_colour_node(item: bpy.types.Object) -> bpy.types.ShaderNodeTexImage:
    tree = item.active_material.node_tree
    shader = next(node for node in tree.nodes if node.type == 'BSDF_PRINCIPLED')
    return shader.inputs["Base Color"].links[0].from_node


def _base_colour_image(item: bpy.types.Object) -> bpy.types.Image:
    return _base_colour_node(item).image
