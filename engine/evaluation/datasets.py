# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads test objects in several layouts.

- The project's test sets: `views/` (shards or Objaverse's layout) and `meshes/NAME.glb`.
- Plain folders: NAME/ with `input.png`, `views.json` with its images (as `views` writes them;
  azimuths are relative to the input), and `mesh.glb`, .obj, .ply or .stl.
- Google Scanned Objects as rendered for EscherNet: NAME/`render_mvs_25/model/` with `000.png`,
  `000.npy` and so on, and NAME/`meshes/model.obj`.
- RTMV: SCENE/ with `00000.exr` (linear), `00000.json` and so on, without meshes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..camera import DEFAULT_RADIUS, spherical_from_position
from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..imaging import read_image, straight
from ..imaging.view_set import ViewSet
from ..training.folders import read_folder
from ..training.shards import RenderedObject, read_shards
from .predictions import find_prediction

VIEWS_FILE = "views.json"
INPUT_FILE = "input.png"
GSO_VIEWS = Path("render_mvs_25", "model")
RTMV_CAMERA = "00000.json"
RTMV_FRAMES = 17
"""Frames of a scene that are used: the first is the input, the others are targets, as in the paper.
"""


@dataclass(frozen=True)
class TestObject:
    """An object with true views."""

    rendered: RenderedObject
    """View 0 is the input."""
    mesh: Path | None
    """File of the true shape; None if it is missing."""


def read_objects(folder: Path,
                 damaged: Callable[[EngineError], None] | None = None) -> Iterator[TestObject]:
    """Every object of a test set in any of the layouts, in the order of the names.

    `damaged` is called for objects that cannot be used, and the others follow; without it the first
    such object is an error.

    Raises:
        EngineError: `BAD_INPUT` if there are no objects, or one is damaged.
    """
    for mark, read in ((VIEWS_FILE, _plain), (GSO_VIEWS, _google), (RTMV_CAMERA, _rtmv)):
        if any(folder.glob(f"*/{mark}")):
            for place in sorted(path for path in folder.iterdir() if path.is_dir()):
                try:
                    yield read(place)
                except EngineError as error:
                    problem = EngineError(error.code, f"{place}: {error.message}", error.hint)
                    if damaged is None:
                        raise problem from error
                    damaged(problem)
            return
    views = folder / "views" if (folder / "views").is_dir() else folder
    for rendered in read_shards(views, damaged):
        mesh = folder / "meshes" / f"{rendered.name}.glb"
        yield TestObject(rendered, mesh if mesh.is_file() else None)


def fitted(rendered: RenderedObject, size: int) -> RenderedObject:
    """The object with images whose side is a multiple of `size`.

    Other images are averaged down or interpolated up to `size` pixels.
    """
    import cv2

    if rendered.rgba.shape[1] % size == 0:
        return rendered
    alpha = rendered.rgba[..., 3:] / np.float32(255)
    covered = np.concatenate([rendered.rgba[..., :3] * alpha, alpha], axis=-1)
    way = cv2.INTER_AREA if rendered.rgba.shape[1] > size else cv2.INTER_LINEAR
    covered = np.stack([cv2.resize(view, (size, size), interpolation=way) for view in covered])
    colour = covered[..., :3] / np.maximum(covered[..., 3:], 1e-6)
    rgba = np.concatenate([colour, 255 * covered[..., 3:]], axis=-1)
    return replace(rendered, rgba=np.rint(rgba).clip(0, 255).astype(np.uint8))


def _plain(folder: Path) -> TestObject:
    views = ViewSet.load(folder / VIEWS_FILE)
    first = _square(read_image(folder / INPUT_FILE), INPUT_FILE)
    if first.shape != views.images.shape[1:]:
        raise _bad(f"{INPUT_FILE} is {len(first)} and the views are {views.images.shape[1]} pixels")
    camera = views.meta.get("input", {})
    pose = np.stack([views.azimuth_deg, views.elevation_deg, views.radius], axis=1)
    start = (0.0, camera.get("elevation_deg", 0.0), camera.get("radius", DEFAULT_RADIUS))
    rgba = np.concatenate([first[None], np.rint(straight(views.images) * 255).astype(np.uint8)])
    return _object(folder, rgba, np.concatenate([[start], pose]), _mesh(folder, "mesh"))


def _google(folder: Path) -> TestObject:
    rendered = read_folder(folder / GSO_VIEWS)
    return _object(folder, rendered.rgba, rendered.pose, _mesh(folder / "meshes", "model"))


def _rtmv(folder: Path) -> TestObject:
    cameras = [folder / f"{frame:05d}.json" for frame in range(RTMV_FRAMES)]
    position, rgba = zip(*((_rtmv_position(camera), _rtmv_image(camera.with_suffix(".exr")))
                           for camera in cameras), strict=True)
    if len({image.shape for image in rgba}) > 1:
        raise _bad("its images have different sizes")
    pose = np.stack(spherical_from_position(np.stack(position)), axis=1)
    return _object(folder, np.stack(rgba), pose, None)


def _rtmv_position(path: Path) -> np.ndarray:
    """The camera's position, (3,), in a world where the scene's box is centred with longest side 1.
    """
    try:
        camera = json.loads(path.read_text(encoding="utf-8"))["camera_data"]
        low, high = (np.array(camera[f"scene_{end}_3d_box"], float) for end in ("min", "max"))
        # The matrices act on row vectors: the last row is the position.
        place = np.array(camera["cam2world"], float).reshape(4, 4)[3, :3]
        position = (place - (low + high) / 2) / (high - low).max()
        if position.shape != (3,) or not np.isfinite(position).all():
            raise ValueError("its camera has no finite position")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad(f"{path.name} cannot be used: {_reason(error)}") from error
    return position


def _rtmv_image(path: Path) -> np.ndarray:
    """An image as (s, s, 4) uint8, sRGB."""
    os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")
    import cv2

    try:
        linear = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error) as error:
        raise _bad(f"{path.name} cannot be used: {_reason(error)}") from error
    if linear is None or linear.ndim != 3 or linear.shape[2] not in (3, 4):
        raise _bad(f"{path.name} is not a colour image")
    alpha = linear[..., 3:] if linear.shape[2] == 4 else np.ones_like(linear[..., :1])
    linear = np.nan_to_num(linear[..., 2::-1]).clip(0, 1)
    colour = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgba = np.concatenate([colour, alpha.clip(0, 1)], axis=-1)
    return _square(np.rint(rgba * 255).astype(np.uint8), path.name)


def _object(folder: Path, rgba: np.ndarray, pose: np.ndarray, mesh: Path | None) -> TestObject:
    info: dict[str, Any] = {"name": folder.name}
    return TestObject(RenderedObject(folder.name, rgba, pose.astype(np.float32), info), mesh)


def _mesh(folder: Path, name: str) -> Path | None:
    try:
        return find_prediction(folder, name)
    except EngineError:
        return None


def _square(image: np.ndarray, name: str) -> np.ndarray:
    if image.shape[0] != image.shape[1]:
        raise _bad(f"{name} is not square")
    return image


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or first_line(error)


def _bad(problem: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, problem, "render or copy this object again")
