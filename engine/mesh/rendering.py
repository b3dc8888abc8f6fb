# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders textured triangles by rasterisation, lit by distant lights, with alpha."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..camera import FOV_DEG, camera_to_world, focal_length_px
from .axes import from_file
from .raster import rasterise
from .textured import TexturedMesh
from .triangles import FloatArray

SUPERSAMPLING = 2
MIN_DEPTH = 1e-3
"""Distance in front of the camera, in scene units, below which a triangle is not drawn."""


@dataclass(frozen=True)
class Lights:
    """The lights of an object, the same for all views. By default every surface shows its own
    colour."""

    directions: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    """L x 3 unit vectors towards the lights."""
    strengths: FloatArray = field(default_factory=lambda: np.zeros(0))
    """L."""
    ambient: float = 1.0
    gloss: float = 0.0
    """Strength of the highlight."""
    sharpness: float = 1.0
    """Exponent of the highlight (Blinn 1977)."""


@dataclass
class TexturedTriangles:
    """F triangles with one of several textures each, described corner by corner."""

    corners: FloatArray
    """F x 3 x 3, world; counter-clockwise seen from outside. The other side isn't drawn."""
    normals: FloatArray
    """F x 3 x 3."""
    uv: FloatArray
    """F x 3 x 2 in [0, 1], u to the right, v up."""
    material: FloatArray
    """F; index of the texture."""
    textures: FloatArray
    """M x H x W x 3 in [0, 1], sRGB, row 0 at v = 1."""

    def render(self, azimuth_deg: float, elevation_deg: float, radius: float, size: int,
               lights: Lights | None = None, fov_deg: float = FOV_DEG) -> np.ndarray:
        """size x size x 4 uint8, straight alpha, seen by a camera of `engine.camera`."""
        lights = lights or Lights()
        fine = size * SUPERSAMPLING
        camera = camera_to_world(azimuth_deg, elevation_deg, radius)
        seen = (self.corners - camera[:3, 3]) @ camera[:3, :3]
        depth = -seen[..., 2]
        flat = seen[..., :2] / depth[..., None] * [1, -1]
        flat = flat * focal_length_px(fine, fov_deg) + fine / 2
        (ax, ay), (bx, by), (cx, cy) = flat.transpose(1, 2, 0)
        front = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay) < 0
        front &= (depth > MIN_DEPTH).all(axis=1)
        values = self._values(lights)[front]
        material = self.material[front]
        rgba = np.zeros((fine * fine, 4))
        nearest = np.full(fine * fine, np.inf)
        # Interpolating 1 / depth and value / depth is linear on the screen (perspective-correct).
        inverse = 1 / depth[front]
        for fragments in rasterise(flat[front], fine):
            distance = 1 / fragments.interpolate(inverse[..., None])[:, 0]
            before = nearest[fragments.pixel]
            np.minimum.at(nearest, fragments.pixel, distance)
            # Of equally near fragments, the one written last remains.
            chosen = np.flatnonzero((distance == nearest[fragments.pixel]) & (distance < before))
            where, face = fragments.pixel[chosen], fragments.face[chosen]
            weights = fragments.barycentric[chosen] * inverse[face] * distance[chosen, None]
            value = np.einsum("kc,kcd->kd", weights, values[face])
            rgba[where, :3] = self._shaded(value, material[face], camera[:3, 3], lights)
            rgba[where, 3] = 1
        return _downsampled(rgba.reshape(fine, fine, 4))

    def _values(self, lights: Lights) -> FloatArray:
        """F x 3 x C values at the corners that `_shaded` needs: uv; with lights also normal and
        position (C = 2 or 8)."""
        parts = [self.uv, self.normals, self.corners] if len(lights.directions) else [self.uv]
        return np.concatenate(parts, axis=-1)

    def _shaded(self, value: FloatArray, material: FloatArray, eye: FloatArray,
                lights: Lights) -> FloatArray:
        """K x 3 colours of surface points (K x C values, see `_values`; K texture numbers)."""
        height, width = self.textures.shape[1:3]
        column = (value[:, 0] * width).astype(int).clip(0, width - 1)
        row = ((1 - value[:, 1]) * height).astype(int).clip(0, height - 1)
        albedo = self.textures[material, row, column]
        if not len(lights.directions):
            return (albedo * lights.ambient).clip(0, 1)
        normal, view = _unit(value[:, 2:5]), _unit(eye - value[:, 5:])
        light = np.full(len(value), lights.ambient)
        shine = np.zeros(len(value))
        for direction, strength in zip(lights.directions, lights.strengths, strict=True):
            light += strength * np.maximum(normal @ direction, 0)
            halfway = _unit(view + direction)
            cosine = np.maximum(np.einsum("kd,kd->k", normal, halfway), 0)
            shine += strength * lights.gloss * cosine**lights.sharpness
        return (albedo * light[:, None] + shine[:, None]).clip(0, 1)


def of_mesh(mesh: TexturedMesh) -> TexturedTriangles:
    """The triangles of a mesh with its texture."""
    return TexturedTriangles(mesh.vertices[mesh.faces], mesh.vertex_normals[mesh.faces],
                             mesh.uv[mesh.uv_faces], np.zeros(len(mesh.faces), int),
                             mesh.texture[None])


def load_textured(path: Path) -> TexturedTriangles:
    """The triangles of a GLB, Z up, with its base colour texture or a plain grey.

    A result of `reconstruct` comes in the engine's world (see `axes.from_file`).
    """
    import trimesh

    mesh = trimesh.load_scene(path).to_mesh()
    vertices, normals = (from_file(np.asarray(vectors, float), path, up="y")
                         for vectors in (mesh.vertices, mesh.vertex_normals))
    faces = np.asarray(mesh.faces)
    uv = getattr(mesh.visual, "uv", None)
    picture = getattr(getattr(mesh.visual, "material", None), "baseColorTexture", None)
    if uv is None or picture is None:
        uv, texture = np.zeros((len(vertices), 2)), np.full((1, 1, 3), 0.6)
    else:
        texture = np.asarray(picture.convert("RGB"), np.float32) / 255
    return TexturedTriangles(vertices[faces], normals[faces], np.asarray(uv, float)[faces],
                             np.zeros(len(faces), int), texture[None])


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _downsampled(rgba: FloatArray) -> np.ndarray:
    """Box-filter by SUPERSAMPLING; colours are averaged over covered samples only."""
    result = np.zeros([side // SUPERSAMPLING for side in rgba.shape[:2]] + [4], np.uint8)
    rows, columns = (_range_of(rgba[..., 3].any(axis=axis)) for axis in (1, 0))
    part = rgba[_finer(rows), _finer(columns)]
    steps = range(SUPERSAMPLING)
    # Sums of strided views: a reduction over two axes takes three times as long.
    total = sum(part[row::SUPERSAMPLING, column::SUPERSAMPLING]
                for row in steps for column in steps)
    assert isinstance(total, np.ndarray)
    colour, covered = total[..., :3], total[..., 3:]
    alpha = covered / SUPERSAMPLING**2
    result[rows, columns] = np.rint(
        np.concatenate([colour / np.maximum(covered, 1), alpha], -1) * 255)
    return result


def _range_of(covered: np.ndarray) -> slice:
    """The pixels from the first to the last that contains a covered sample."""
    index = np.flatnonzero(covered) // SUPERSAMPLING
    return slice(index[0], index[-1] + 1) if len(index) else slice(0, 0)


def _finer(pixels: slice) -> slice:
    """The samples of a range of pixels."""
    return slice(pixels.start * SUPERSAMPLING, pixels.stop * SUPERSAMPLING)
