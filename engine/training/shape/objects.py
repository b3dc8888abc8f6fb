# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Textured training objects: the collected meshes of `train_meshes` and synthetic ones.

The only module of this package that imports the project's synthetic objects.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..synthetic.objects import random_object
from ..synthetic.paint import random_texture

POSITION_SCALE = 0.5 / 32767
"""Vertices are stored as int16; this makes them scene units (longest side 1)."""
CREASE_COSINE = np.cos(np.radians(22))
"""A corner is shaded smoothly if the mean normal there is at most this far from the face's, which
for two equal faces means that they meet at 44 degrees; usual limits are 30 to 60 degrees."""


@dataclass(frozen=True)
class TexturedObject:
    """Triangles with base colour; the bounding box is centred, its longest side is 1, Z up."""

    name: str
    source: str
    corners: npt.NDArray[np.float32]
    """F x 3 x 3 positions."""
    uv: npt.NDArray[np.float32]
    """F x 3 x 2; u to the right, v up."""
    material: npt.NDArray[np.intp]
    """F, index into `textures`."""
    textures: list[npt.NDArray[np.uint8]]
    """Height x width x 3, sRGB."""

    def corner_normals(self) -> npt.NDArray[np.float32]:
        """F x 3 x 3 unit normals, smooth except across creases."""
        flat = np.cross(self.corners[:, 1] - self.corners[:, 0],
                        self.corners[:, 2] - self.corners[:, 0])
        keys = np.round(self.corners.reshape(-1, 3) * 65534).astype(np.int64)
        _, vertex = np.unique(keys @ np.array([1, 1 << 20, 1 << 40]), return_inverse=True)
        vertex = vertex.reshape(-1, 3)
        smooth = np.stack([np.bincount(vertex.ravel(), np.repeat(flat[:, axis], 3))
                           for axis in range(3)], axis=-1)[vertex]
        flat = np.broadcast_to(flat[:, None], smooth.shape)
        flat, smooth = (n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-20)
                        for n in (flat, smooth))
        is_smooth = (flat * smooth).sum(-1, keepdims=True) > CREASE_COSINE
        return np.where(is_smooth, smooth, flat).astype(np.float32)


def read_index(folder: Path) -> dict[str, dict[str, str]]:
    """Rows of `train_meshes.csv` by the object's name."""
    with open(folder / "train_meshes.csv", newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def locate_members(folder: Path) -> dict[str, tuple[Path, int, int]]:
    """Shard, offset and size in bytes of each object by its name."""
    places = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                places[member.name.removesuffix(".npz")] = (path, member.offset_data, member.size)
    return places


def load_object(name: str, source: str, place: tuple[Path, int, int]) -> TexturedObject:
    """One object of the shards."""
    path, offset, size = place
    with open(path, "rb") as file:
        file.seek(offset)
        stored = np.load(io.BytesIO(file.read(size)))
    textures: list[npt.NDArray[np.uint8]] = []
    while f"texture_{len(textures)}" in stored:
        data = io.BytesIO(stored[f"texture_{len(textures)}"].tobytes())
        textures.append(np.asarray(Image.open(data).convert("RGB")))
    vertices = (stored["vertices"] * POSITION_SCALE).astype(np.float32)
    return TexturedObject(name, source, vertices[stored["faces"].astype(np.int64)],
                          (stored["uv"] / 65535).astype(np.float32),
                          stored["material"].astype(np.intp), textures)


def synthetic_object(number: int, seed: int = 26) -> TexturedObject:
    """A random household thing of `engine.training.synthetic`, painted."""
    rng = np.random.default_rng((seed, number))
    parts = random_object(rng)
    textures = [random_texture(rng) for _ in range(1 + max(part.material for part in parts))]
    return TexturedObject(
        f"synthetic__{number:05d}", "synthetic",
        np.concatenate([part.vertices[part.faces] for part in parts]).astype(np.float32),
        np.concatenate([part.uv[part.faces] for part in parts]).astype(np.float32),
        np.concatenate([np.full(len(part.faces), part.material) for part in parts]).astype(np.intp),
        [(255 * texture).round().astype(np.uint8) for texture in textures])


def iterate_objects(folder: Path, names: list[str]) -> Iterator[TexturedObject]:
    """The named objects; `synthetic__NUMBER` is made, all others are read from `folder`."""
    index, places = read_index(folder), locate_members(folder)
    for name in names:
        if name.startswith("synthetic__"):
            yield synthetic_object(int(name.removeprefix("synthetic__")))
        else:
            yield load_object(name, index[name]["source"], places[name])
