# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered views in the layout of the original's `views_release` (renderings of Objaverse).

Each object is a folder with `000.png` (RGBA), `000.npy` (3 x 4, world to camera in Blender's axes),
`001.png` and so on. If `valid_paths.json` exists beside the folders, it lists the ones to use.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ..camera import spherical_from_position
from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..core.files import UNREADABLE_JSON
from .rendered import RenderedObject

VALID_PATHS = "valid_paths.json"
"""List of the folders' names, in the original's order."""
_ERRORS = (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError)


def find_folders(folder: Path) -> list[Path]:
    """The objects' folders: those that `VALID_PATHS` names, otherwise all, in the order of names.

    Raises:
        EngineError: `BAD_INPUT` if the list is not one of plain folder names.
    """
    listed = folder / VALID_PATHS
    if not listed.is_file():
        return sorted(path.parent for path in folder.glob("*/000.npy"))
    try:
        names = json.loads(listed.read_text(encoding="utf-8"))
        if not isinstance(names, list) or not all(
                isinstance(name, str) and Path(name).name == name for name in names):
            raise ValueError("it is not a list of folder names")
    except UNREADABLE_JSON as error:
        raise _damaged(listed, error) from error
    return [folder / name for name in names]


def read_folder(folder: Path) -> RenderedObject:
    """The views of one object, which is named like its folder.

    Raises:
        EngineError: `BAD_INPUT` with the file's name, if a file is missing, damaged, or of another
            size than the first.
    """
    rgba, position = [], []
    for camera in sorted(folder.glob("[0-9][0-9][0-9].npy")):
        file = camera.with_suffix(".png")
        try:
            position.append(_centre(np.load(camera, allow_pickle=False)))
        except _ERRORS as error:
            raise _damaged(camera, error) from error
        try:
            with Image.open(file, formats=("PNG",)) as image:
                rgba.append(np.asarray(image.convert("RGBA")))
            if rgba[-1].shape != rgba[0].shape or rgba[-1].shape[0] != rgba[-1].shape[1]:
                raise ValueError(f"it is {image.width} x {image.height} pixels large")
        except _ERRORS as error:
            raise _damaged(file, error) from error
    if not rgba:
        raise EngineError(ErrorCode.BAD_INPUT, f"{folder} contains no views",
                          "give a folder with 000.png, 000.npy and so on")
    pose = np.stack(spherical_from_position(np.stack(position)), axis=1).astype(np.float32)
    return RenderedObject(folder.name, np.stack(rgba), pose, {"name": folder.name})


def _centre(matrix: np.ndarray) -> np.ndarray:
    """The camera's position, -R^T t, from a (3, 4) matrix from world to camera."""
    if matrix.shape != (3, 4) or not np.isfinite(matrix).all():
        raise ValueError("it is not a finite 3 x 4 matrix")
    return -matrix[:, :3].T @ matrix[:, 3]


def _damaged(path: Path, error: Exception) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, f"{path} can't be used: {first_line(error)}",
                       "render or copy this object again")
