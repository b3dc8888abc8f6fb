# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered views as Objaverse's renderings come: a folder per object with `000.png` (RGBA),
`000.npy` (3 x 4, world to camera in Blender's axes), `001.png`, ...
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..camera import spherical_from_position
from ..core.errors import EngineError, ErrorCode
from .rendered import RenderedObject

_ERRORS = (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError)


def find_folders(folder: Path) -> list[Path]:
    """The objects' folders in a folder, in the order of their names."""
    return sorted(path.parent for path in folder.glob("*/000.npy"))


def read_folder(folder: Path) -> RenderedObject:
    """One object; its name is the folder's.

    Raises:
        EngineError: `BAD_INPUT`, naming the file, if one is missing, damaged, or of another size
            than the first.
    """
    rgba, position = [], []
    for camera in sorted(folder.glob("[0-9][0-9][0-9].npy")):
        picture = camera.with_suffix(".png")
        try:
            position.append(_centre(np.load(camera, allow_pickle=False)))
        except _ERRORS as error:
            raise _damaged(camera, error) from error
        try:
            with Image.open(picture, formats=("PNG",)) as image:
                rgba.append(np.asarray(image.convert("RGBA")))
            if rgba[-1].shape != rgba[0].shape or rgba[-1].shape[0] != rgba[-1].shape[1]:
                raise ValueError(f"it is {image.width} x {image.height} pixels large")
        except _ERRORS as error:
            raise _damaged(picture, error) from error
    if not rgba:
        raise EngineError(ErrorCode.BAD_INPUT, f"there are no views in {folder}",
                          "give a folder with 000.png, 000.npy and so on")
    pose = np.stack(spherical_from_position(np.stack(position)), axis=1).astype(np.float32)
    return RenderedObject(folder.name, np.stack(rgba), pose, {"name": folder.name})


def _centre(matrix: np.ndarray) -> np.ndarray:
    """The camera's place, -R^T t, of a 3 x 4 matrix from world to camera."""
    if matrix.shape != (3, 4) or not np.isfinite(matrix).all():
        raise ValueError("it holds no 3 x 4 matrix")
    return -matrix[:, :3].T @ matrix[:, 3]


def _damaged(path: Path, error: Exception) -> EngineError:
    text = str(error).partition("\n")[0]
    return EngineError(ErrorCode.BAD_INPUT, f"{path} can't be used: {text}",
                       "render or copy this object again")
