# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake a texture from the input photo and, where the photo shows nothing, from other colours.

Each texel blends two colours by the photo's confidence there: the photo, and a base colour. The
base is a given surface colour, such as that of a fitted field, corrected near the photo's border
so that no seam remains; or, without one, the visible colours continued over the surface. Mirroring
the photo front to back shows more detail there, but is further from the truth: see
docs/shape-network.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .membrane import membrane_interpolation
from .photo import Photo, PhotoProjection, fill_unknown
from .raster import Fragments, rasterise
from .triangles import FloatArray, IntArray, Triangles

SurfaceColour = Callable[[FloatArray, FloatArray], FloatArray]
"""RGB (K x 3) in [0, 1] of surface points (K x 3) with unit normals (K x 3)."""

CORRECTABLE = (0.2, 0.4)
"""Difference in a colour channel up to which it is one of exposure, and is continued over the
hidden side; beyond the second value, the two show different things."""
CORRECTION_REACH = 0.3
"""World units over which the difference between the photo and a given surface colour fades out on
the hidden side: about a third of the object, so that the far side keeps its own colours."""
VERTICAL = 0.04
"""Weight of vertical differences against horizontal ones where visible colours are continued: the
colours of most objects change with height more than around them, as stripes and lids do."""

FIELD_TEXELS = 1024
"""Side of a texture up to which the surface colour is evaluated at every texel. A texel is then
about 0.002 of the object's size, a quarter of a voxel of the finest field; of a larger texture,
one texel of each block is evaluated. Photos are always evaluated at every texel."""


def bake(mesh: Triangles, uv: FloatArray, uv_faces: IntArray, size: int,
         surface_colour: SurfaceColour | None, photo: Photo | None,
         continuation: float = 0.0) -> FloatArray:
    """The texture of a mesh: size x size x 3 in [0, 1], row 0 at v = 1.

    `uv`, `uv_faces`: as `unwrap` returns them. Texels outside the charts get the colour of the
    nearest texel inside. `continuation`: share, in [0, 1], of the photo's continued colours where
    the photo shows nothing and there is a surface colour.

    Raises:
        ValueError: without both `surface_colour` and `photo`.
    """
    base = _BlockColour(surface_colour, size) if surface_colour else None
    source = _source(mesh, base, photo, continuation)
    texture = np.zeros((size * size, 3), np.float32)
    covered = np.zeros(size * size, bool)
    corners = np.stack([uv[:, 0] * size, (1 - uv[:, 1]) * size], axis=1)[uv_faces]
    positions, normals = mesh.vertices[mesh.faces], mesh.vertex_normals[mesh.faces]
    for fragments in rasterise(corners, size):
        normal = fragments.interpolate(normals)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        texture[fragments.pixel] = source(fragments, fragments.interpolate(positions), normal)
        covered[fragments.pixel] = True
    return fill_unknown(texture.reshape(size, size, 3), covered.reshape(size, size))


_Source = Callable[[Fragments, FloatArray, FloatArray], FloatArray]
"""RGB (K x 3) of K fragments at surface points (K x 3) with unit normals (K x 3)."""


def _source(mesh: Triangles, base: _BlockColour | None, photo: Photo | None,
            continuation: float) -> _Source:
    if photo is not None:
        projection = PhotoProjection(photo, mesh)
        if base is None:
            return _Completed(mesh, projection)
        return _Corrected(mesh, projection, base, continuation)
    if base is None:
        raise ValueError("a texture needs a photo or a surface colour")
    return base


@dataclass(frozen=True)
class _BlockColour:
    """A surface colour that is evaluated once per block of texels of a large texture."""

    colour: SurfaceColour
    size: int
    """Side of the texture."""

    def __call__(self, fragments: Fragments, points: FloatArray, normals: FloatArray) -> FloatArray:
        side = self.size // FIELD_TEXELS
        if side < 2:
            return self.colour(points, normals)
        row, column = np.divmod(fragments.pixel, self.size)
        count = self.size // side + 1
        key = (fragments.face * count + row // side) * count + column // side
        _, first, block = np.unique(key, return_index=True, return_inverse=True)
        return self.colour(points[first], normals[first])[block]


@dataclass
class _VertexValues:
    """Values at the vertices of a mesh, linear over its faces."""

    corners: FloatArray
    """F x 3 x C, by face and corner."""

    @classmethod
    def continued(cls, mesh: Triangles, values: FloatArray, confidence: FloatArray,
                  reach: float, vertical: float = 1.0) -> _VertexValues:
        found = membrane_interpolation(mesh, values, confidence, reach, vertical)
        return cls(found[mesh.faces])

    def at(self, fragments: Fragments) -> FloatArray:
        """K x C."""
        return fragments.interpolate(self.corners)


def _continued_colours(mesh: Triangles, seen: FloatArray, confidence: FloatArray) -> _VertexValues:
    """Visible colours (V x 3) at the vertices, continued to where their confidence (V) is 0."""
    return _VertexValues.continued(mesh, seen, confidence, np.inf, VERTICAL)


class _Corrected:
    """The photo over a given surface colour, which meets the photo's colours at their border."""

    def __init__(self, mesh: Triangles, projection: PhotoProjection, base: _BlockColour,
                 continuation: float) -> None:
        self.projection, self.base, self.continuation = projection, base, continuation
        points, normals = mesh.vertices, mesh.vertex_normals
        seen, confidence = projection.look(points, normals)
        difference = seen - base.colour(points, normals)
        small, large = CORRECTABLE
        exposure = np.clip((large - np.abs(difference).max(axis=1)) / (large - small), 0, 1)
        self.difference = _VertexValues.continued(
            mesh, difference, confidence * exposure, CORRECTION_REACH)
        self.continued = _continued_colours(mesh, seen, confidence) if continuation else None

    def __call__(self, fragments: Fragments, points: FloatArray, normals: FloatArray) -> FloatArray:
        base = self.base(fragments, points, normals)
        base = np.clip(base + self.difference.at(fragments), 0, 1)
        if self.continued is not None:
            base += self.continuation * (self.continued.at(fragments) - base)
        seen, confidence = self.projection.look(points, normals)
        return base + confidence[:, None] * (seen - base)


class _Completed:
    """The photo, and elsewhere the visible colours, continued."""

    def __init__(self, mesh: Triangles, projection: PhotoProjection) -> None:
        self.projection = projection
        seen, confidence = projection.look(mesh.vertices, mesh.vertex_normals)
        self.continued = _continued_colours(mesh, seen, confidence)

    def __call__(self, fragments: Fragments, points: FloatArray, normals: FloatArray) -> FloatArray:
        colour = self.continued.at(fragments)
        seen, confidence = self.projection.look(points, normals)
        return np.clip(colour + confidence[:, None] * (seen - colour), 0, 1)
