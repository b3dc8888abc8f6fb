# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes of mesh files.

The engine's world has Z up, and the input camera is on the side of +X (see `engine.camera`).
A mesh file has the side that the input image shows at its front:

- glTF 2.0 (section 3.4 of its specification) and OBJ: Y up, front +Z;
- PLY, and Blender after an import of any of them: Z up, front -Y, so that Blender's front view
  (numpad 1) shows the side of the input image.

All conversions are rotations, so the winding of faces stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.files import read_json_object
from .triangles import FloatArray

Turn = Callable[[FloatArray], FloatArray]
"""From N x 3 vectors to N x 3 vectors in other axes."""
FRONT = "+Z"
"""Front of the meshes that the engine writes, in glTF's axes; the entry `front` of report.json."""


def to_y_up(vectors: FloatArray) -> FloatArray:
    """Vectors (N x 3) of the engine's world in the axes of glTF and OBJ: Y up, front +Z."""
    return vectors[:, [1, 2, 0]]


def from_y_up(vectors: FloatArray) -> FloatArray:
    """The inverse of `to_y_up` (N x 3)."""
    return vectors[:, [2, 0, 1]]


def to_z_up(vectors: FloatArray) -> FloatArray:
    """Vectors (N x 3) of the engine's world in the axes of PLY and Blender: Z up, front -Y."""
    return vectors[:, [1, 0, 2]] * [1, -1, 1]


def from_z_up(vectors: FloatArray) -> FloatArray:
    """The inverse of `to_z_up` (N x 3)."""
    return vectors[:, [1, 0, 2]] * [-1, 1, 1]


def stand_upright(vectors: FloatArray) -> FloatArray:
    """Vectors (N x 3) of a file with Y up, rotated by 90 degrees about X so that Z is up.

    This is how test sets are read: their object's +X faces the camera of azimuth 0, whatever the
    file calls its front.
    """
    return vectors[:, [0, 2, 1]] * [1, -1, 1]


def lay_down(vectors: FloatArray) -> FloatArray:
    """The inverse of `stand_upright` (N x 3)."""
    return vectors[:, [0, 2, 1]] * [1, 1, -1]


def from_file(vectors: FloatArray, path: Path, up: str) -> FloatArray:
    """Vectors (N x 3) of a mesh file in a frame with Z up.

    `up`: the file's vertical axis, "y" or "z". If a `report.json` beside the file states the
    engine's `FRONT`, the result is in the engine's world; other files are only stood upright.
    """
    if _front(path) == FRONT:
        return from_y_up(vectors) if up == "y" else from_z_up(vectors)
    return stand_upright(vectors) if up == "y" else vectors


def _front(path: Path) -> str | None:
    """The entry `front` of the report beside a mesh; None if there is no such report."""
    return read_json_object(path.with_name("report.json")).get("front")
