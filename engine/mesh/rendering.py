# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders textured triangles by rasterisation, lit by distant lights, with alpha."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..camera import camera_to_world, focal_length_px
from .axes import from_file
from .raster import rasterise
from .textured import TexturedMesh
from .triangles import FloatArray

SUPERSAMPLING = 2


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
               lights: Lights | None = None) -> np.ndarray:
        """size x size x 4 uint8, straight alpha, seen by a camera of `engine.camera`."""
        lights = lights or Lights()
        fine = size * SUPERSAMPLING
        camera = camera_to_world(azimuth_deg, elevation_deg, radius)
        seen = (self.corners - camera[:3, 3]) @ camera[:3, :3]
        depth = -seen[..., 2]
        flat = seen[..., :2] / depth[..., None] * [1, -1] * focal_length_px(fine) + fine / 2
        (ax, ay), (bx, by), (cx, cy) = flat.transpose(1, 2, 0)
        front = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay) < 0
        values = np.concatenate([self.normals, self.uv, self.corners], axis=-1)[front]
        material = self.material[front]
        rgba = np.zeros((fine * fine, 4))
        nearest = np.full(fine * fine, np.inf)
        # Interpolating 1 / depth and value / depth is linear on the screen (perspective-correct).
        inverse = 1 / depth[front]
        for fragments in rasterise(flat[front], fine):
            distance = 1 / fragments.interpolate(inverse[..., None])[:, 0]
            order = np.argsort(-distance, kind="stable")
            pixel = fragments.pixel[order]
            # The fragment written last to a pixel remains: the nearest one.
            winner = np.full(fine * fine, -1)
            winner[pixel] = order
            chosen = winner[winner >= 0]
            closer = distance[chosen] < nearest[fragments.pixel[chosen]]
            chosen = chosen[closer]
            where = fragments.pixel[chosen]
            nearest[where] = distance[chosen]
            weights = (fragments.barycentric[chosen] * inverse[fragments.face[chosen]]
                       * distance[chosen, None])
            value = np.einsum("kc,kcd->kd", weights, values[fragments.face[chosen]])
            rgba[where, :3] = self._shaded(value, material[fragments.face[chosen]], camera[:3, 3],
                                           lights)
            rgba[where, 3] = 1
        return _downsampled(rgba.reshape(fine, fine, 4))

    def _shaded(self, value: FloatArray, material: FloatArray, eye: FloatArray,
                lights: Lights) -> FloatArray:
        """K x 3 colours of surface points (K x 8: normal, uv, position; K texture numbers)."""
        normal, view = _unit(value[:, :3]), _unit(eye - value[:, 5:])
        height, width = self.textures.shape[1:3]
        column = (value[:, 3] * width).astype(int).clip(0, width - 1)
        row = ((1 - value[:, 4]) * height).astype(int).clip(0, height - 1)
        albedo = self.textures[material, row, column]
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
    size = len(rgba) // SUPERSAMPLING
    cells = rgba.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 4)
    covered = cells[..., 3:].sum(axis=(1, 3))
    colour = cells[..., :3].sum(axis=(1, 3)) / np.maximum(covered, 1)
    return np.rint(np.concatenate([colour, covered / SUPERSAMPLING**2], -1) * 255).astype(np.uint8)
