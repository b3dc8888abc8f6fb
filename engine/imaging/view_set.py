# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of images with cameras, in memory or as a folder with views.json and PNG files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..core.files import PNG_LEVEL
from ..core.staging import staged_file
from .alpha import PremultipliedRGBA, from_white, premultiplied, straight
from .view_alpha import foreground_alpha

SCHEMA = "zero123.views/1"
MAX_SIDE = 4096
"""Largest side of an image accepted from a folder: all views are held in memory as floats."""
MAX_VIEWS = 1024
MAX_PIXELS = 2**27
"""Maximum number of pixels of all images together: as floats they take 2 GB."""
MAX_FILE_BYTES = 2**24
"""Maximum size of a views.json."""

_HINT_FILE = "give a views.json that `views` has written"

FloatArray = npt.NDArray[np.floating]


@dataclass
class ViewSet:
    """N square images of one object, each with the camera that took it."""

    images: FloatArray
    """N x S x S x 4 float32 in [0, 1], sRGB, premultiplied by alpha; alpha 0 is background."""
    azimuth_deg: FloatArray
    """N; relative to the input view, positive = the camera moves to its right."""
    elevation_deg: FloatArray
    """N; absolute, above the horizon."""
    radius: FloatArray
    """N; distance to the object's centre in scene units."""
    sample: npt.NDArray[np.integer]
    """N; index of the sample among those of the same pose, from 0."""
    fov_deg: float = camera.FOV_DEG
    """Horizontal (and vertical) field of view of every camera."""
    meta: dict[str, Any] = field(default_factory=dict)
    """Origin of the views: image, model, seed, steps, guidance, sampler, input."""

    def __post_init__(self) -> None:
        self.images = np.asarray(self.images, np.float32)
        if self.images.ndim != 4 or self.images.shape[1:] != (*self.images.shape[1:2] * 2, 4):
            raise ValueError(f"images must be N x S x S x 4, not {self.images.shape}")
        for name in ("azimuth_deg", "elevation_deg", "radius", "sample"):
            values = np.asarray(getattr(self, name), int if name == "sample" else float)
            if values.shape != (len(self),):
                raise ValueError(f"{name} must have one value per view, not shape {values.shape}")
            setattr(self, name, values)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def camera_to_world(self) -> FloatArray:
        """N x 4 x 4 matrices, see `engine.camera`."""
        return camera.camera_to_world(self.azimuth_deg, self.elevation_deg, self.radius)

    @classmethod
    def load(cls, path: str | Path) -> ViewSet:
        """Load the views that a views.json describes, with the images in its folder.

        An image without an alpha channel (for example, one that was edited by hand) is assumed to
        have a white background.

        Raises:
            EngineError: `BAD_INPUT` if the file or an image is missing, damaged, of another
                schema or size, or named by a path that leaves the folder.
        """
        path = Path(path)
        document = _read_json(path)
        views = _checked_views(document)
        fov_deg = _number(views[0], "fov_deg", 1.0, 170.0)
        if any(_number(view, "fov_deg", 1.0, 170.0) != fov_deg for view in views):
            raise _bad("its views have different fields of view", "all cameras must share one")
        images = [_read_image(path.parent, view.get("file"), len(views)) for view in views]
        if len({image.shape for image in images}) > 1:
            raise _bad("its images have different sizes", "resize them all to the same square")
        meta = {key: value for key, value in document.items() if key not in ("schema", "views")}
        _check_input(meta)
        return cls(
            images=np.stack(images),
            azimuth_deg=np.array([_number(view, "azimuth_deg", -3600, 3600) for view in views]),
            elevation_deg=np.array([_number(view, "elevation_deg", -90, 90) for view in views]),
            radius=np.array([_number(view, "radius", 0.1, 100) for view in views]),
            sample=np.array([int(_number(view, "sample", 0, 1e6, 0)) for view in views]),
            fov_deg=fov_deg, meta=meta)

    def save(self, folder: str | Path) -> Path:
        """Write view_000.png ... and, last, views.json; returns the path of the latter.

        Every file appears under its final name only when it is complete.

        Raises:
            EngineError: `DISK` if the folder can't be written.
        """
        folder = Path(folder)
        names = [f"view_{i:03d}.png" for i in range(len(self))]
        try:
            for name, image in zip(names, self.images, strict=True):
                _write_png(folder / name, image)
            with staged_file(folder / "views.json") as stage:
                stage.write_text(json.dumps(self._document(names), indent=1), encoding="utf-8")
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write the views to {folder}: {error}",
                              "choose a folder you can write to, with space left") from error
        return folder / "views.json"

    def _document(self, names: list[str]) -> dict[str, Any]:
        """The content of views.json."""
        views = [
            {"file": name, "azimuth_deg": float(self.azimuth_deg[i]),
             "elevation_deg": float(self.elevation_deg[i]), "radius": float(self.radius[i]),
             "sample": int(self.sample[i]), "camera_to_world": matrix.tolist(),
             "fov_deg": float(self.fov_deg)}
            for i, (name, matrix) in enumerate(zip(names, self.camera_to_world, strict=True))]
        return {"schema": SCHEMA, **self.meta, "views": views}


def _bad(problem: str, hint: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, f"these views can't be used: {problem}", hint)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        # Reading a pipe, for example, might never end.
        if path.exists() and (not path.is_file() or path.stat().st_size > MAX_FILE_BYTES):
            raise ValueError("it is not a file, or it is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _bad(f"{path} can't be read ({error.strerror})",
                   "give the path of a views.json") from error
    except (ValueError, RecursionError) as error:
        raise _bad(f"{path} is not JSON", _HINT_FILE) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _bad(f"{path} is not of schema {SCHEMA}", _HINT_FILE)
    return document


def _checked_views(document: dict[str, Any]) -> list[dict[str, Any]]:
    views = document.get("views")
    if not isinstance(views, list) or not all(isinstance(view, dict) for view in views):
        raise _bad("the list of views is missing", "write the views again")
    if not 1 <= len(views) <= MAX_VIEWS:
        raise _bad(f"they contain {len(views)} views", f"use 1 to {MAX_VIEWS} views")
    return views


def _check_input(meta: dict[str, Any]) -> None:
    """Refuse an invalid input camera; a missing one is left to the caller."""
    if "input" not in meta:
        return
    if not isinstance(meta["input"], dict):
        raise _bad("the input camera is not an object", _HINT_FILE)
    recorded = {"file": "the input", **meta["input"]}
    _number(recorded, "elevation_deg", -90, 90, 0.0)
    _number(recorded, "radius", 0.1, 100, camera.DEFAULT_RADIUS)


def _number(view: dict[str, Any], key: str, low: float, high: float,
            default: float | None = None) -> float:
    value = view.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(f"{key} of {view.get('file')} is {value!r}", "it must be a number")
    if not low <= value <= high:  # also refuses NaN, which Python's JSON reader accepts
        raise _bad(f"{key} of {view.get('file')} is {value!r}", f"the range is {low:g} to {high:g}")
    return float(value)


def _is_plain_name(name: object) -> bool:
    """Whether a name stays in its folder on every operating system (no path, no drive)."""
    return (isinstance(name, str) and name not in ("", ".", "..") and "\0" not in name
            and PurePosixPath(name).name == name and PureWindowsPath(name).name == name)


def _read_image(folder: Path, name: object, count: int) -> FloatArray:
    """S x S x 4 float32, premultiplied, of one of the `count` images in the folder."""
    from .reading import DECODER_ERRORS, readable_formats

    if not _is_plain_name(name):
        raise _bad(f"the file name {name!r} points outside the folder", "use plain file names")
    path = folder / str(name)
    if path.is_symlink():
        raise _bad(f"{name} is a link", "put the image itself into the folder")
    if not path.is_file():
        raise _bad(f"{name} is missing", f"put it into {folder}")
    try:
        with Image.open(path, formats=readable_formats()) as image:
            width, height = image.size
            if width != height or not 8 <= width <= MAX_SIDE:
                raise _bad(f"{name} has {width} x {height} pixels",
                           f"images must be square, 8 to {MAX_SIDE} pixels")
            if count * width * height > MAX_PIXELS:
                raise _bad(f"{count} images of {width} x {height} pixels need too much memory",
                           f"scale them down, to {MAX_PIXELS // 10**6} megapixels together")
            has_alpha = image.has_transparency_data
            pixels = np.asarray(image.convert("RGBA"), np.float32) / 255
    except DECODER_ERRORS as error:
        raise _bad(f"{name} is not a readable image", "save it again as PNG") from error
    return premultiplied(pixels) if has_alpha else from_white(
        pixels[..., :3], foreground_alpha(pixels[..., :3]))


def _write_png(path: Path, image: PremultipliedRGBA) -> None:
    pixels = np.rint(np.clip(straight(image), 0, 1) * 255).astype(np.uint8)
    with staged_file(path) as stage:
        Image.fromarray(pixels).save(stage, format="PNG", compress_level=PNG_LEVEL)
