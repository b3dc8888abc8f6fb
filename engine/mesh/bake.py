# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake a texture: the field's colour everywhere, the input picture's where its camera sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .raster import rasterise
from .triangles import FloatArray, IntArray, Triangles

SurfaceColour = Callable[[FloatArray, FloatArray], FloatArray]
"""RGB (K x 3) of surface points (K x 3) with unit normals (K x 3)."""
FACING = (0.25, 0.7)
"""Cosine between normal and view: below the first the photo isn't used, above the second fully."""
EDGE_PX = 3.0
"""Pixels from the silhouette over which the photo fades in: its edge mixes with the background."""
DEPTH_TOLERANCE = 0.02
"""World units that a visible point may lie behind the depth map."""


@dataclass
class Photo:
    """The input picture and the camera that took it."""

    rgba: FloatArray
    """S x S x 4 in [0, 1], straight alpha."""
    camera_to_world: FloatArray
    """4 x 4; looks along -Z, Y up."""
    focal: float
    """Focal length in units of half the picture's side."""

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(K x 2 pixel positions, x right, y down; K depths) of K x 3 world points."""
        local = (points - self.camera_to_world[:3, 3]) @ self.camera_to_world[:3, :3]
        depth = np.maximum(-local[:, 2], 1e-6)
        ndc = local[:, :2] * [1, -1] * (self.focal / depth)[:, None]
        return (ndc + 1) / 2 * len(self.rgba), depth


def bake(mesh: Triangles, uv: FloatArray, uv_faces: IntArray, size: int,
         surface_colour: SurfaceColour, photo: Photo | None) -> FloatArray:
    """size x size x 3 texture in [0, 1], row 0 at v = 1; texels outside the charts are filled."""
    texture = np.zeros((size * size, 3), np.float32)
    covered = np.zeros(size * size, bool)
    corners = np.stack([uv[:, 0] * size, (1 - uv[:, 1]) * size], axis=1)[uv_faces]
    positions, normals = mesh.vertices[mesh.faces], mesh.vertex_normals[mesh.faces]
    view = _PhotoView(photo, mesh) if photo is not None else None
    for fragments in rasterise(corners, size):
        points = fragments.interpolate(positions)
        normal = fragments.interpolate(normals)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        colour = surface_colour(points, normal)
        if view is not None:
            seen, share = view.look(points, normal)
            colour = colour + share[:, None] * (seen - colour)
        texture[fragments.pixel] = colour
        covered[fragments.pixel] = True
    return _filled(texture.reshape(size, size, 3), covered.reshape(size, size))


class _PhotoView:
    """What the input camera sees of a mesh, and how far its picture can be trusted there."""

    def __init__(self, photo: Photo, mesh: Triangles) -> None:
        self.photo = photo
        alpha = photo.rgba[..., 3]
        depth = depth_map(photo, mesh)
        inside = ndimage.distance_transform_edt((alpha > 0.5) & np.isfinite(depth))
        # Beside the mesh nothing counts as visible, so interpolation there must fall towards zero.
        self.depth = np.where(np.isfinite(depth), depth, 0.0)
        self.trust = np.clip((inside - 1) / EDGE_PX, 0, 1)
        # Nearest opaque colour beyond the silhouette: interpolation must not mix in background.
        self.colour = _filled(photo.rgba[..., :3], alpha > 0.95)

    def look(self, points: FloatArray, normals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(K x 3 RGB of the picture, K shares in [0, 1] it should have) at surface points."""
        where, depth = self.photo.project(points)
        towards = self.photo.camera_to_world[:3, 3] - points
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        low, high = FACING
        facing = np.clip(((normals * towards).sum(axis=1) - low) / (high - low), 0, 1)
        visible = depth <= _bilinear(self.depth, where) + DEPTH_TOLERANCE
        colour = np.stack([_bilinear(self.colour[..., i], where) for i in range(3)], axis=1)
        return colour, facing**2 * (3 - 2 * facing) * visible * _bilinear(self.trust, where)


def depth_map(photo: Photo, mesh: Triangles) -> FloatArray:
    """S x S distances along the viewing direction to the mesh; infinite where it isn't seen."""
    size = len(photo.rgba)
    where, depth = photo.project(mesh.vertices)
    nearest = np.full(size * size, np.inf)
    for fragments in rasterise(where[mesh.faces], size):
        # Perspective: 1 / depth is what varies linearly across the picture.
        inverse = fragments.interpolate((1 / depth)[mesh.faces][..., None])[:, 0]
        np.minimum.at(nearest, fragments.pixel, 1 / inverse)
    return nearest.reshape(size, size)


def _bilinear(picture: FloatArray, where: FloatArray) -> FloatArray:
    """K values of an S x S picture at pixel positions (pixel centres at .5), border repeated."""
    return ndimage.map_coordinates(picture, [where[:, 1] - 0.5, where[:, 0] - 0.5], order=1,
                                   mode="nearest")


def _filled(picture: FloatArray, known: npt.NDArray[np.bool_]) -> FloatArray:
    """Every unknown pixel gets the nearest known one's colour."""
    if not known.any():
        return picture
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False,
                                                   return_indices=True)
    return picture[rows, columns]
