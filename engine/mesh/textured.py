# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A textured mesh and the files it is written to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..protocol import EngineError, ErrorCode
from .triangles import FloatArray, IntArray, Triangles

NAME = "object"
"""What the mesh is called inside a file."""


@dataclass
class TexturedMesh(Triangles):
    """Triangles with one texture. A vertex on a seam has several UVs, so those have own indices."""

    uv: FloatArray
    """U x 2 in [0, 1], u to the right, v up."""
    uv_faces: IntArray
    """F x 3, indices into `uv`, corner for corner beside `faces`."""
    texture: FloatArray
    """T x T x 3 float32 in [0, 1], sRGB, row 0 at v = 1."""

    def split(self) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
        """(positions, normals, uv, faces) with one index per corner, as graphics cards want it."""
        pairs = np.stack([self.faces.reshape(-1), self.uv_faces.reshape(-1)], axis=1)
        unique, faces = np.unique(pairs, axis=0, return_inverse=True)
        vertex, uv = unique.T
        return (self.vertices[vertex], self.vertex_normals[vertex], self.uv[uv],
                faces.reshape(-1, 3))

    def save_glb(self, path: str | Path) -> Path:
        """Write binary glTF: one mesh, one material (rough, base colour texture), Y up.

        The file appears under its name only when it is complete.

        Raises:
            EngineError: `DISK` if it can't be written.
        """
        import trimesh
        from trimesh.visual.material import PBRMaterial
        from trimesh.visual.texture import TextureVisuals

        positions, normals, uv, faces = self.split()
        pixels = np.rint(np.clip(self.texture, 0, 1) * 255).astype(np.uint8)
        material = PBRMaterial(name=NAME, baseColorTexture=Image.fromarray(pixels),
                               roughnessFactor=1.0, metallicFactor=0.0)
        mesh = trimesh.Trimesh(
            y_up(positions), faces, vertex_normals=y_up(normals), process=False,
            visual=TextureVisuals(uv=uv, material=material))
        scene = trimesh.Scene()
        scene.add_geometry(mesh, node_name=NAME, geom_name=NAME)
        return _write(Path(path), scene.export(file_type="glb", include_normals=True))


def y_up(vectors: FloatArray) -> FloatArray:
    """glTF's axes: X right, Y up, Z towards the viewer, for vectors whose Z is up."""
    x, y, z = vectors.T
    return np.stack([x, z, -y], axis=1)


def _write(path: Path, content: bytes) -> Path:
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write {path}: {error}",
                          "choose a folder you can write to, with space left") from error
    return path
