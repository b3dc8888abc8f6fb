# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads shapes that any method has written: meshes, and point clouds as of Point-E and MCC."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..mesh.axes import from_file
from ..mesh.triangles import FloatArray, Triangles

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl", ".npz", ".npy", ".xyz")
"""Suffixes of shape files, in the order in which they are searched."""
Y_UP = (".glb", ".gltf", ".obj")
"""Formats whose up axis is Y by default; in the others it is Z."""
ARRAYS = ("coords", "points", "xyz", "vertices", "arr_0")
"""Names of the array of points in an .npz; Point-E's is the first."""


def find_prediction(folder: Path, name: str) -> Path:
    """The shape file of an object: NAME.glb, .obj, .ply, ..., otherwise NAME/mesh.glb and so on.

    Raises:
        EngineError: `BAD_INPUT` if there is none.
    """
    for stem in (folder / name, folder / name / "mesh"):
        for suffix in SUFFIXES:
            path = stem.with_name(stem.name + suffix)
            if path.is_file():
                return path
    raise EngineError(ErrorCode.BAD_INPUT, f"{folder} contains no shape of {name}",
                      f"name it {name}{', '.join(SUFFIXES)}")


def load_shape(path: Path, up: str = "") -> Triangles | FloatArray:
    """The triangles of a mesh file, or the (n, 3) points of a file without faces; Z is up.

    A result of `reconstruct` comes in the engine's world (see `engine.mesh.axes.from_file`).
    `up`: "y" or "z" if the file's up axis is not its format's default.

    Raises:
        EngineError: `BAD_INPUT` if the file cannot be read, or holds neither triangles nor points.
    """
    try:
        points, faces = _arrays(path) if path.suffix in (".npz", ".npy") else _geometry(path)
    except MemoryError:
        raise
    except Exception as error:  # trimesh's readers raise many types
        raise _unusable(path, first_line(error)) from error
    if len(points) == 0:
        raise _unusable(path, "it holds neither triangles nor points")
    if not np.isfinite(points).all() or not np.ptp(points, axis=0).max() > 0:
        raise _unusable(path, "its points are not finite, or are all at the same position")
    points = from_file(points, path, up or ("y" if path.suffix in Y_UP else "z"))
    return Triangles(points, faces) if len(faces) else points


def _geometry(path: Path) -> tuple[FloatArray, np.ndarray]:
    import trimesh

    scene = trimesh.load_scene(path)
    mesh = scene.to_mesh()
    if len(mesh.faces):
        return np.asarray(mesh.vertices, float), np.asarray(mesh.faces, np.int64)
    clouds = [thing.vertices for thing in scene.dump() if isinstance(thing, trimesh.PointCloud)]
    return np.concatenate([np.zeros((0, 3)), *clouds]), np.zeros((0, 3), int)


def _arrays(path: Path) -> tuple[FloatArray, np.ndarray]:
    content = np.load(path, allow_pickle=False)
    if path.suffix == ".npz":
        name = next((name for name in ARRAYS if name in content.files), None)
        if name is None:
            raise ValueError(f"it contains none of the arrays {', '.join(ARRAYS)}")
        content = content[name]
    if content.ndim != 2 or content.shape[1] < 3:
        raise ValueError(f"its array is {' x '.join(map(str, content.shape))} instead of N x 3")
    return content[:, :3].astype(float), np.zeros((0, 3), int)


def _unusable(path: Path, reason: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, f"{path} cannot be used: {reason}",
                       "write this object's shape again")
