# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the solid voxels of any mesh, open or closed, by space carving.

A voxel is empty if at least one of `DIRECTIONS` parallel true depth maps shows it in front of the
first surface. The surface need not be closed or consistently wound, and bowls stay hollow, unlike
in visual hulls. Voxels just behind a visible surface stay solid, so that sheets do not vanish:
they become about 0.02 scene units thick, which the frustum's bins of 0.027 can represent. Thicker
walls keep their thickness.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from scipy import ndimage

FloatArray = npt.NDArray[np.floating]

VOXELS = 112
"""Voxels along each side of the unit cube: 0.0089 scene units, a third of a bin of the frustum."""
DIRECTIONS = 72
"""Number of directions: six along the axes, the others on a Fibonacci sphere. Every direction is
within 18 degrees of one of them."""
DEPTH_PIXELS = 180
"""Side of a depth map; a pixel is 0.0097 scene units, about one voxel."""
BLOCK = 4
"""Voxels along each side of a block that is tested as a whole first; it divides `VOXELS`."""
WALL_SAMPLES = (0.5, 1.2)
"""Depths behind a first hit that are solid, in voxels. A sheet that is seen from both sides becomes
2.4 voxels (0.021 scene units) thick; a body stays as it is."""
MIN_FACING = 0.6
"""Minimum cosine between ray and normal at which a hit makes a wall: at grazing angles the voxels
behind a hit lie beside the surface, and bodies would grow by half a voxel."""
EXTENT = 0.87
"""Half the side of a depth map: half the diagonal of the unit cube."""
START = 1.0
"""Distance of a depth map's plane from the origin, outside of the cube."""
MISS = 1e6
"""Distance stored for a ray that hits nothing."""


class RayScene:
    """Triangles (F x 3 x 3) prepared for ray casting with embree."""

    def __init__(self, corners: FloatArray) -> None:
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, np.ascontiguousarray(corners, np.float32))

    def first_hits(self, origins: FloatArray, directions: FloatArray) -> dict[str, np.ndarray]:
        """First hits of N rays (N x 3 each): `primID` (-1: none), `tfar` (huge: none), `Ng`, the
        normal (not normalised), and `u`, `v`, the barycentric weights of the triangle's second and
        third corner."""
        return self._scene.run(np.ascontiguousarray(origins, np.float32),
                               np.ascontiguousarray(directions, np.float32), output=True)

    def is_occluded(self, origins: FloatArray, directions: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether the rays hit anything."""
        return self._scene.run(np.ascontiguousarray(origins, np.float32),
                               np.ascontiguousarray(directions, np.float32), query="OCCLUDED") == 0


def sphere_directions(count: int) -> FloatArray:
    """`count` x 3 unit vectors: the six axes first, then a Fibonacci sphere."""
    rest = count - 6
    z = 1 - (2 * np.arange(rest) + 1) / rest
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(rest)
    around = np.sqrt(1 - z * z)
    spiral = np.stack([around * np.cos(angle), around * np.sin(angle), z], axis=-1)
    return np.concatenate([np.eye(3), -np.eye(3), spiral])


def view_axes(direction: FloatArray) -> FloatArray:
    """3 x 3 rows: two axes across the viewing direction, and the direction itself."""
    helper = np.eye(3)[np.abs(direction).argmin()]
    right = np.cross(direction, helper)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction])


def carve(scene: RayScene, voxels: int = VOXELS,
          directions: int = DIRECTIONS) -> npt.NDArray[np.bool_]:
    """Solid voxels of the cube [-0.5, 0.5]^3, indexed [x, y, z]; True is solid."""
    axes = np.stack([view_axes(d) for d in sphere_directions(directions)])
    depth, facing = _depth_maps(scene, axes)
    # The nearest of four neighbouring depths: this margin of one pixel keeps slanted surfaces and
    # voxels behind a silhouette's last pixel.
    near = np.minimum(depth[:, :-1], depth[:, 1:])
    near = np.minimum(near[:, :, :-1], near[:, :, 1:])
    solid = _surface_voxels(np.where(facing > MIN_FACING, depth, MISS), axes, voxels)
    hidden, visible = _classify_blocks(near, axes, voxels)
    solid |= _expand(hidden)
    index = np.flatnonzero(~(solid | _expand(visible)).ravel()).astype(np.int32)
    x, yz = np.divmod(index, voxels * voxels)
    y, z = np.divmod(yz, voxels)
    centre = ((np.arange(voxels) + 0.5) / voxels - 0.5).astype(np.float32)
    points = np.stack([centre[x], centre[y], centre[z]], axis=-1)
    for view, image in zip(axes.astype(np.float32), near, strict=True):
        cell, distance = _project(points, view)
        behind = distance >= image.ravel()[cell]
        points, index = points[behind], index[behind]
    solid.ravel()[index] = True
    return solid


def _project(points: FloatArray, view: FloatArray) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """Flat index into a map of four-pixel minima, and distance from the map's plane."""
    local = points @ view.T
    cell = ((local[:, :2] + EXTENT) * (DEPTH_PIXELS / (2 * EXTENT)) - 0.5).astype(np.int32)
    return cell[:, 0] * (DEPTH_PIXELS - 1) + cell[:, 1], local[:, 2] + START


def _classify_blocks(near: FloatArray, axes: FloatArray, voxels: int) -> tuple[
        npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Blocks of `BLOCK`^3 voxels that are hidden as a whole in each view, and those that are
    visible as a whole in at least one; the rest is decided voxel by voxel.

    This only saves time: the bounds over a block's sphere are conservative.
    """
    blocks = voxels // BLOCK
    centre = ((np.arange(blocks) + 0.5) / blocks - 0.5).astype(np.float32)
    points = np.stack(np.meshgrid(centre, centre, centre, indexing="ij"), -1).reshape(-1, 3)
    sphere = np.sqrt(3) / 2 * (BLOCK - 1) / voxels
    window = 2 * int(np.ceil(sphere * DEPTH_PIXELS / (2 * EXTENT)) + 1) + 1
    hidden, visible = np.ones(len(points), bool), np.zeros(len(points), bool)
    for view, image in zip(axes.astype(np.float32), near, strict=True):
        cell, distance = _project(points, view)
        deepest = ndimage.maximum_filter(image, window, mode="constant", cval=MISS).ravel()[cell]
        nearest = ndimage.minimum_filter(image, window, mode="constant", cval=-MISS).ravel()[cell]
        hidden &= distance - sphere >= deepest
        visible |= distance + sphere < nearest
    shape = (blocks, blocks, blocks)
    return hidden.reshape(shape), visible.reshape(shape)


def _expand(blocks: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Expand each block to `BLOCK`^3 voxels."""
    for axis in range(3):
        blocks = blocks.repeat(BLOCK, axis)
    return blocks


def _depth_maps(scene: RayScene, axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Parallel depth maps (views x `DEPTH_PIXELS` x `DEPTH_PIXELS`) from `START` before the origin,
    and the absolute cosine between the ray and the surface's normal; the first index of a map runs
    along the first axis."""
    offset = (np.arange(DEPTH_PIXELS) + 0.5) * (2 * EXTENT / DEPTH_PIXELS) - EXTENT
    plane = np.stack([*np.meshgrid(offset, offset, indexing="ij"),
                      np.full((DEPTH_PIXELS, DEPTH_PIXELS), -START)], axis=-1).reshape(-1, 3)
    origins = (plane.astype(np.float32) @ axes.astype(np.float32)).reshape(-1, 3)
    directions = np.repeat(axes[:, 2].astype(np.float32), len(plane), axis=0)
    found = scene.first_hits(origins, directions)
    normal = found["Ng"]
    facing = np.abs(np.einsum("ij,ij->i", normal, directions)) / np.sqrt(
        np.maximum(np.einsum("ij,ij->i", normal, normal), 1e-30))
    shape = (len(axes), DEPTH_PIXELS, DEPTH_PIXELS)
    return np.minimum(found["tfar"], MISS).reshape(shape), facing.reshape(shape)


def _surface_voxels(depth: FloatArray, axes: FloatArray, voxels: int) -> npt.NDArray[np.bool_]:
    """Voxels that hold a point `WALL_SAMPLES` behind a first hit."""
    view, i, j = np.nonzero(depth < MISS)
    pixel = 2 * EXTENT / DEPTH_PIXELS
    local = np.stack([(i + 0.5) * pixel - EXTENT, (j + 0.5) * pixel - EXTENT,
                      depth[view, i, j] - START], axis=-1).astype(np.float32)
    starts = np.searchsorted(view, np.arange(len(axes) + 1))
    solid = np.zeros(voxels**3, bool)
    for number, frame in enumerate(axes.astype(np.float32)):
        points = local[starts[number]:starts[number + 1]] @ frame
        for behind in WALL_SAMPLES:
            moved = points + np.float32(behind / voxels) * frame[2]
            cell = ((moved + 0.5) * voxels).astype(np.int32).clip(0, voxels - 1)
            solid[(cell[:, 0] * voxels + cell[:, 1]) * voxels + cell[:, 2]] = True
    return solid.reshape(voxels, voxels, voxels)
