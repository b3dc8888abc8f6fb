# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders training images by ray casting, with random cameras, lights, materials and exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...shape.geometry import (
    BIN_LENGTH,
    BINS,
    IMAGE_SIZE,
    RAYS,
    REACH,
    image_rays,
)
from .carving import RayScene
from .objects import TexturedObject

FloatArray = npt.NDArray[np.floating]

ELEVATION_DEG = (-10.0, 60.0)
RADIUS = (1.5, 2.2)
SUPERSAMPLING = 2
"""Rays along each side of a pixel."""
SUBBINS = 2
"""Samples of the occupancy along a bin; with 2 x 2 rays in a cell a target has 8 samples."""
GAMMA = 2.2
"""Approximation of the sRGB transfer function."""


@dataclass(frozen=True)
class Look:
    """Light and material of one image. Directions are unit vectors in the world."""

    key: FloatArray
    """Direction towards the strongest light."""
    fill: FloatArray
    """Direction towards the second light, which casts no shadow."""
    strengths: FloatArray
    """Radiance of key, fill, sky (from above) and ground (from below)."""
    has_shadow: bool
    specular: float
    """Weight of the Blinn-Phong highlight of the key light."""
    shininess: float
    tint: FloatArray
    """Colour of the key light, 3."""
    mottle: float
    """Relative amplitude of a slow solid texture; 0 for none."""
    waves: FloatArray
    """4 x 4: wave vectors (radians per scene unit) and phases of that texture."""


def random_look(rng: np.random.Generator) -> Look:
    """Draw light and material."""
    lights = rng.normal(size=(2, 3))
    lights[0, 2] = abs(lights[0, 2]) + 0.3
    lights /= np.linalg.norm(lights, axis=1, keepdims=True)
    strengths = np.array([rng.uniform(0.2, 1.1), rng.uniform(0, 0.4), rng.uniform(0.2, 0.7),
                          rng.uniform(0.05, 0.5)])
    exposure = np.exp(rng.normal(0.15, 0.3)) / (strengths @ [0.5, 0.3, 0.6, 0.4])
    return Look(lights[0], lights[1], strengths * exposure * 0.8, rng.random() < 0.6,
                rng.uniform(0, 0.6) ** 2 * 2 if rng.random() < 0.6 else 0.0,
                float(np.exp(rng.uniform(1.5, 4.5))), 1 + rng.normal(0, 0.05, 3),
                rng.uniform(0.1, 0.5) if rng.random() < 0.3 else 0.0,
                np.column_stack([rng.normal(0, 14, (4, 3)), rng.uniform(0, 6.3, 4)]))


def random_cameras(rng: np.random.Generator, count: int) -> FloatArray:
    """`count` x 3: azimuth and elevation in degrees, radius in scene units."""
    return np.stack([rng.uniform(0, 360, count), rng.uniform(*ELEVATION_DEG, count),
                     rng.uniform(*RADIUS, count)], axis=1)


def render(thing: TexturedObject, scene: RayScene, cameras: FloatArray,
           looks: list[Look]) -> npt.NDArray[np.uint8]:
    """Views x `IMAGE_SIZE` x `IMAGE_SIZE` x 4, straight alpha, sRGB."""
    fine = IMAGE_SIZE * SUPERSAMPLING
    eyes, directions = zip(*(image_rays(azimuth, elevation, radius, fine)
                              for azimuth, elevation, radius in cameras), strict=True)
    origins = np.repeat(np.asarray(eyes, np.float32), fine * fine, axis=0)
    rays = np.asarray(directions, np.float32).reshape(-1, 3)
    found = scene.first_hits(origins, rays)
    ray = np.flatnonzero(found["primID"] >= 0)
    starts = np.searchsorted(ray, np.arange(len(cameras) + 1) * fine * fine)
    normals = thing.corner_normals()
    images = np.zeros((len(cameras), fine * fine, 4), np.float32)
    for number, look in enumerate(looks):
        hit = ray[starts[number]:starts[number + 1]]
        face, u, v = found["primID"][hit], found["u"][hit], found["v"][hit]
        weights = np.stack([1 - u - v, u, v], axis=-1)[:, :, None]
        position = (thing.corners[face] * weights).sum(1)
        normal = (normals[face] * weights).sum(1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
        facing = (normal * rays[hit]).sum(1, keepdims=True)
        normal = np.where(facing > 0, -normal, normal)
        colour = _base_colour(thing, face, (thing.uv[face] * weights).sum(1))
        image = images[number]
        local = hit - number * fine * fine
        image[local, :3] = _shade(scene, look, colour, position, normal, rays[hit])
        image[local, 3] = 1
    return _downsample(images.reshape(-1, fine, fine, 4))


def _base_colour(thing: TexturedObject, face: np.ndarray, uv: FloatArray) -> FloatArray:
    """N x 3 in linear light."""
    material = thing.material[face]
    colour = np.empty((len(face), 3), np.float32)
    for number, texture in enumerate(thing.textures):
        chosen = material == number
        height, width = texture.shape[:2]
        row = ((1 - uv[chosen, 1]) * height).astype(int).clip(0, height - 1)
        column = (uv[chosen, 0] * width).astype(int).clip(0, width - 1)
        colour[chosen] = texture[row, column]
    return (colour / 255) ** GAMMA


def _shade(scene: RayScene, look: Look, colour: FloatArray, position: FloatArray,
           normal: FloatArray, ray: FloatArray) -> FloatArray:
    """N x 3 in sRGB: Lambert, a Blinn-Phong highlight, light from the sky and the ground."""
    key, fill, sky, ground = look.strengths
    lit = np.maximum(normal @ look.key, 0)
    if look.has_shadow:
        start = position + 2e-3 * normal
        shaded = scene.is_occluded(start, np.broadcast_to(look.key, start.shape))
        lit = np.where(shaded, 0, lit)
    up = 0.5 + 0.5 * normal[:, 2]
    diffuse = (lit[:, None] * key * look.tint
               + (np.maximum(normal @ look.fill, 0) * fill + sky * up + ground * (1 - up))[:, None])
    if look.mottle:
        waves = np.sin(position @ look.waves[:, :3].T + look.waves[:, 3]).mean(1)
        colour = colour * (1 + look.mottle * waves[:, None])
    half = look.key - ray
    half /= np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-6)
    shine = np.maximum((normal * half).sum(1), 0) ** look.shininess * (lit > 0)
    radiance = colour * diffuse + look.specular * key * shine[:, None]
    return radiance.clip(0, 1) ** (1 / GAMMA)


def _downsample(images: FloatArray) -> npt.NDArray[np.uint8]:
    """Box-filter by `SUPERSAMPLING`; the input is N x H x W x 4 with alpha 0 or 1."""
    count, height, width, _ = images.shape
    s = SUPERSAMPLING
    mean = images.reshape(count, height // s, s, width // s, s, 4).mean((2, 4))
    mean[..., :3] /= np.maximum(mean[..., 3:], 1e-6)
    return (255 * mean.clip(0, 1)).round().astype(np.uint8)


def frustum_target(solid: npt.NDArray[np.bool_], camera: FloatArray,
                   mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Occupied samples of each cell of a camera's frustum, 0 to 8: `BINS` x `RAYS` x `RAYS`.

    `solid` is a cubic grid of the unit cube [x, y, z]; `mask` (`IMAGE_SIZE` squared) selects the
    rays that are sampled, the others are 0.
    """
    padded = np.pad(solid, 1).astype(np.uint8).ravel()
    side = solid.shape[0] + 2
    azimuth, elevation, radius = camera
    eye, directions = image_rays(azimuth, elevation, radius, IMAGE_SIZE)
    rows, columns = np.nonzero(mask)
    rays = directions[rows, columns].astype(np.float32)
    distance = (camera[2] - REACH
                + (np.arange(BINS * SUBBINS) + 0.5) * BIN_LENGTH / SUBBINS).astype(np.float32)
    flat = np.zeros((len(distance), len(rays)), np.int32)
    for axis in range(3):
        position = (eye[axis] + distance[:, None] * rays[:, axis] + 0.5) * solid.shape[0] + 1
        flat = flat * side + position.clip(0, side - 1).astype(np.int32)
    samples = padded[flat].reshape(BINS, SUBBINS, -1).sum(1, dtype=np.uint8)
    fine = np.zeros((BINS, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    fine[:, rows, columns] = samples
    cell = IMAGE_SIZE // RAYS
    return fine.reshape(BINS, RAYS, cell, RAYS, cell).sum((2, 4), dtype=np.uint8)
