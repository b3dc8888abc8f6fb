# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of painted parts: rasterised, lit by two distant lights, on transparency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...camera import camera_to_world, focal_length_px
from ...mesh.raster import rasterise
from ...mesh.triangles import FloatArray
from .geometry import Part

SUPERSAMPLING = 2


@dataclass(frozen=True)
class Lights:
    """What lights an object; drawn once for all its views."""

    directions: FloatArray
    """2 x 3 unit vectors towards the lights."""
    strengths: FloatArray
    """2."""
    ambient: float
    gloss: float
    """Strength of the highlight."""
    sharpness: float
    """Exponent of the highlight (Blinn 1977)."""


def random_lights(rng: np.random.Generator) -> Lights:
    """Two lights from above the horizon, the first one stronger."""
    directions = rng.normal(size=(2, 3))
    directions[:, 2] = np.abs(directions[:, 2]) + 0.2
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    strengths = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.35)])
    return Lights(directions, strengths, rng.uniform(0.35, 0.65),
                  rng.choice([0.0, rng.uniform(0.05, 0.4)]), rng.uniform(8, 60))


class PaintedObject:
    """Parts joined into one list of triangles, with their textures."""

    def __init__(self, parts: list[Part], textures: list[FloatArray]) -> None:
        """`textures`: H x W x 3 in [0, 1] by the parts' material numbers, all of one size."""
        corners = [part.vertices[part.faces] for part in parts]
        self.corners: FloatArray = np.concatenate(corners)
        """F x 3 x 3 world."""
        self.attributes: FloatArray = np.concatenate([
            np.concatenate([part.vertex_normals, part.uv,
                            np.full((len(part.uv), 1), part.material)], axis=1)[part.faces]
            for part in parts])
        """F x 3 x 6: normal, uv and material of every corner."""
        self.textures: FloatArray = np.stack(textures)

    def picture(self, azimuth_deg: float, elevation_deg: float, radius: float, size: int,
                lights: Lights) -> np.ndarray:
        """size x size x 4 uint8, straight alpha, seen by a camera of `engine.camera`."""
        fine = size * SUPERSAMPLING
        camera = camera_to_world(azimuth_deg, elevation_deg, radius)
        seen = (self.corners - camera[:3, 3]) @ camera[:3, :3]
        depth = -seen[..., 2]
        flat = seen[..., :2] / depth[..., None] * [1, -1] * focal_length_px(fine) + fine / 2
        (ax, ay), (bx, by), (cx, cy) = flat.transpose(1, 2, 0)
        front = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay) < 0
        values = np.concatenate([self.attributes, self.corners], axis=-1)[front]
        rgba = np.zeros((fine * fine, 4))
        nearest = np.full(fine * fine, np.inf)
        # Interpolating 1 / depth and value / depth is linear on the screen (perspective-correct).
        inverse = 1 / depth[front]
        for fragments in rasterise(flat[front], fine):
            distance = 1 / fragments.interpolate(inverse[..., None])[:, 0]
            order = np.argsort(-distance, kind="stable")
            pixel = fragments.pixel[order]
            # The last one written to a pixel stays: the nearest.
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
            rgba[where, :3] = self._shaded(value, camera[:3, 3], lights)
            rgba[where, 3] = 1
        return _downsampled(rgba.reshape(fine, fine, 4))

    def _shaded(self, value: FloatArray, eye: FloatArray, lights: Lights) -> FloatArray:
        """K x 3 colours of surface points (K x 9: normal, uv, material, position)."""
        normal, view = _unit(value[:, :3]), _unit(eye - value[:, 6:])
        height, width = self.textures.shape[1:3]
        column = (value[:, 3] * width).astype(int).clip(0, width - 1)
        row = ((1 - value[:, 4]) * height).astype(int).clip(0, height - 1)
        albedo = self.textures[np.rint(value[:, 5]).astype(int), row, column]
        light = np.full(len(value), lights.ambient)
        shine = np.zeros(len(value))
        for direction, strength in zip(lights.directions, lights.strengths, strict=True):
            light += strength * np.maximum(normal @ direction, 0)
            halfway = _unit(view + direction)
            cosine = np.maximum(np.einsum("kd,kd->k", normal, halfway), 0)
            shine += strength * lights.gloss * cosine**lights.sharpness
        return (albedo * light[:, None] + shine[:, None]).clip(0, 1)


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _downsampled(rgba: FloatArray) -> np.ndarray:
    """Box-filtered by SUPERSAMPLING; colours are averaged over what is covered."""
    size = len(rgba) // SUPERSAMPLING
    cells = rgba.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 4)
    covered = cells[..., 3:].sum(axis=(1, 3))
    colour = cells[..., :3].sum(axis=(1, 3)) / np.maximum(covered, 1)
    return np.rint(np.concatenate([colour, covered / SUPERSAMPLING**2], -1) * 255).astype(np.uint8)
