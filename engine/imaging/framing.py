# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any picture to what the network was trained on: one object, centred, on white, square."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from ..core.errors import EngineError, ErrorCode
from .reading import RGBA8, read_image
from .segmentation import Mask, cut_out, without_specks

OBJECT_FRACTION = 0.625
"""Longer side of the object's outline over the picture's side.

Seen with FOV 49.13 degrees, an object of longest side 1 fills 1.15 / radius of the frame (median
over training views), so this is what the default radius of 1.85 shows. The original's 200/256
would stand for a camera at 1.48, closer than any in training, and make every mesh a quarter too
large for its unit box.
"""
MAX_SHRINK = 2048
"""Pictures are brought down to this side before the object is looked for: more only costs time."""

_WHITE_LOW, _WHITE_HIGH = 0.04, 0.12
"""Darkness where alpha leaves 0 and, at the least, reaches 1: just above the noise of a decoded
white."""
_SOLID_SHARE = 0.5
"""Share of the object's median darkness at which alpha reaches 1: less is the soft edge of a dark
object, not a light one."""
_OPENING_WHITE = 0.025
"""Mean darkness below which an enclosed part is background. Chosen, like those above, by the IoU
with the true alpha of training views, clean, with noise, and as nano draws held-out objects."""


@dataclass(frozen=True)
class PreparedImage:
    """A picture as the network wants it."""

    rgb: npt.NDArray[np.float32]
    """S x S x 3 in [0, 1], sRGB, on white."""
    alpha: npt.NDArray[np.float32]
    """S x S in [0, 1]; 0 where the white is."""


def load_input(path: str | Path, *, size: int, recentre: bool = False,
               segmentation_model: Path | None = None,
               object_fraction: float = OBJECT_FRACTION) -> PreparedImage:
    """The picture in a file, ready for a pipeline of `size` pixels.

    A square picture with transparent parts is a rendering or a prepared cut-out and keeps its
    framing, unless `recentre`. Any other is cut out (`cut_out`) and its object centred so that
    its longer side fills `object_fraction` of the frame. Unlike the original, whose `thumbnail`
    only shrinks, this also enlarges: the network has never seen an object lost in its frame.

    Raises:
        EngineError: `BAD_INPUT` if the picture can't be read, or nothing is in its foreground.
    """
    rgba = _at_most(read_image(path), MAX_SHRINK)
    transparent = bool((rgba[..., 3] < 255).any())
    if not (rgba[..., 3] > 127).any():
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} is fully transparent",
                          "use a picture that shows an object")
    if recentre or not transparent or rgba.shape[0] != rgba.shape[1]:
        rgba = frame_object(_cut_out_of_file(rgba, path, segmentation_model), object_fraction)
    rgb, alpha = resize_on_white(rgba, size)
    return PreparedImage(rgb, alpha)


def frame_object(rgba: RGBA8, object_fraction: float = OBJECT_FRACTION) -> RGBA8:
    """The square around the object (alpha above one half), which fills this part of it.

    The square may reach beyond the picture; there it is transparent.
    """
    left, top, right, bottom = object_box(rgba)
    side = max(1, round(max(right - left, bottom - top) / object_fraction))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    return np.asarray(Image.fromarray(rgba).crop((x, y, x + side, y + side)))


def object_box(rgba: RGBA8) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the pixels with alpha above one half, right and bottom past it.

    Raises:
        EngineError: `BAD_INPUT` if there are none.
    """
    rows, columns = np.nonzero(rgba[..., 3] > 127)
    if not len(rows):
        raise EngineError(ErrorCode.BAD_INPUT, "the picture's foreground is empty",
                          "use a picture that shows an object")
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def resize_on_white(rgba: RGBA8, size: int) -> tuple[npt.NDArray[np.float32],
                                                     npt.NDArray[np.float32]]:
    """(rgb on white, alpha), size x size float32; the aspect isn't kept.

    As the original does with pictures that need no recentring (`gradio_new.py`).
    """
    resized = Image.fromarray(rgba).resize((size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(resized, np.float32) / 255
    alpha = pixels[..., 3:]
    return alpha * pixels[..., :3] + (1 - alpha), alpha[..., 0]


def recentre(rgba: RGBA8, canvas: int = 256, object_size: int = 200) -> npt.NDArray[np.uint8]:
    """The original's recentring (`load_and_preprocess` of its `ldm/util.py`), to the byte.

    Hard alpha at one half, crop to the object, shrink (never enlarge) its longer side to
    `object_size`, paste in the middle of white. Returns canvas x canvas x 3.
    """
    left, top, right, bottom = object_box(rgba)
    rgb = np.where(rgba[..., 3:] > 127, rgba[..., :3], np.uint8(255))
    thing = Image.fromarray(rgb[top:bottom, left:right])
    thing.thumbnail((object_size, object_size), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (canvas, canvas), "white")
    page.paste(thing, ((canvas - thing.width) // 2, (canvas - thing.height) // 2))
    return np.asarray(page)


def foreground_alpha(rgb: npt.NDArray[np.floating]) -> Mask:
    """Alpha of a generated view on white: H x W float32 of H x W x 3 in [0, 1].

    Rises with the distance from white (of the darkest channel), the slower the darker the object
    is. Light parts that the object encloses are the object's, unless they are as white as paper:
    those are openings that show the background. Specks are dropped.
    """
    distance = 1 - np.asarray(rgb, np.float32).min(axis=2)
    shown = distance[distance > _WHITE_HIGH]
    high = max(_WHITE_HIGH, _SOLID_SHARE * float(np.median(shown))) if shown.size else _WHITE_HIGH
    mask = np.clip((distance - _WHITE_LOW) / (high - _WHITE_LOW), 0, 1)
    solid = mask > 0.5
    holes, count = ndimage.label(ndimage.binary_fill_holes(solid) & ~solid)
    shaded = np.flatnonzero(ndimage.mean(distance, holes, range(1, count + 1)) > _OPENING_WHITE) + 1
    return without_specks(np.where(np.isin(holes, shaded), np.float32(1), mask))


def _cut_out_of_file(rgba: RGBA8, path: str | Path, segmentation_model: Path | None) -> RGBA8:
    """`cut_out`, with the file named if it fails."""
    try:
        return cut_out(rgba, segmentation_model)
    except EngineError as error:
        raise EngineError(error.code, error.message.replace("the picture", str(path)),
                          error.hint) from error


def _at_most(rgba: RGBA8, side: int) -> RGBA8:
    """The picture, shrunk if it is larger."""
    picture = Image.fromarray(rgba)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(picture)
