# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A textured mesh, and its export to files."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..core.errors import EngineError, ErrorCode
from ..core.files import PNG_LEVEL
from ..core.staging import staged_file
from .axes import to_y_up, to_z_up
from .glb import textured_glb
from .triangles import FloatArray, IntArray, Triangles

if TYPE_CHECKING:
    import trimesh
    from trimesh.visual.material import Material

NAME = "object"
"""Name of the mesh inside a file."""
WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
"""RGBA of OBJ materials."""


@dataclass
class TexturedMesh(Triangles):
    """Triangles with one texture. UVs have their own indices: a vertex on a seam has several."""

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
        """Write binary glTF: one mesh, one material (rough, base colour texture), Y up, front +Z.

        The file appears under its name only when it is complete.

        Raises:
            EngineError: `DISK` if it can't be written.
        """
        positions, normals, uv, faces = self.split()
        png = BytesIO()
        Image.fromarray(_bytes(self.texture)).save(png, format="PNG", compress_level=PNG_LEVEL)
        return _write(Path(path), textured_glb(NAME, to_y_up(positions), to_y_up(normals), uv,
                                               faces, png.getvalue()))

    def save_obj(self, path: str | Path) -> Path:
        """Write Wavefront OBJ, Y up, front +Z, with its MTL and its texture (PNG) beside it.

        The material shows the texture as it is: white, without gloss. The OBJ, which names the
        other files, is written last.

        Raises:
            EngineError: `DISK` if it can't be written.
        """
        from trimesh.exchange.obj import export_obj
        from trimesh.visual.material import SimpleMaterial

        path = Path(path)
        # Stated in full: trimesh's defaults darken the texture and give it a grey gloss.
        material = SimpleMaterial(
            image=Image.fromarray(_bytes(self.texture)), name=NAME, ambient=WHITE, diffuse=WHITE,
            specular=BLACK, glossiness=0.0)
        text, files = export_obj(self._trimesh(material), include_normals=True,
                                 return_texture=True, mtl_name=f"{path.stem}.mtl")
        for name, content in files.items():
            _write(path.with_name(name), content)
        return _write(path, text.encode())

    def save_ply(self, path: str | Path) -> Path:
        """Write binary PLY, Z up, front -Y, with the texture's colours at the vertices.

        Raises:
            EngineError: `DISK` if it can't be written.
        """
        import trimesh
        from trimesh.exchange.ply import export_ply

        size = len(self.texture)
        column, row = (self.uv * [1, -1] + [0, 1]).T * size
        texel = np.clip(np.stack([row, column]).astype(int), 0, size - 1)
        colours = np.zeros((len(self.vertices), 3))
        colours[self.faces.reshape(-1)] = self.texture[tuple(texel)][self.uv_faces.reshape(-1)]
        mesh = trimesh.Trimesh(to_z_up(self.vertices), self.faces, process=False,
                               vertex_colors=_bytes(colours))
        return _write(Path(path), export_ply(mesh))

    def _trimesh(self, material: Material) -> trimesh.Trimesh:
        """The mesh with Y up and its front at +Z."""
        import trimesh
        from trimesh.visual.texture import TextureVisuals

        positions, normals, uv, faces = self.split()
        return trimesh.Trimesh(to_y_up(positions), faces, vertex_normals=to_y_up(normals),
                               process=False, visual=TextureVisuals(uv=uv, material=material))


def _bytes(colours: FloatArray) -> npt.NDArray[np.uint8]:
    return np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)


def _write(path: Path, content: bytes) -> Path:
    try:
        with staged_file(path) as stage:
            stage.write_bytes(content)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write {path}: {error}",
                          "choose a folder you can write to, with space left") from error
    return path
