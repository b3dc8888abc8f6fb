# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures from and to files. What comes from outside is checked before it is decoded."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from ..core.errors import EngineError, ErrorCode
from ..core.staging import staged_file

RGBA8 = npt.NDArray[np.uint8]
"""H x W x 4 uint8, sRGB, straight alpha."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "TGA", "PPM")
"""Tried in this order. Others stay closed: EPS, for one, would start an interpreter."""
MIN_SIDE = 16
MAX_SIDE = 16384
MAX_PIXELS = 120_000_000
"""A picture from a large camera; decoded it takes 480 MB."""

DECODER_ERRORS = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError,
                  RuntimeError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow's decoders raise on files that are truncated, altered or of another kind."""


def read_image(path: str | Path) -> RGBA8:
    """The picture in a file, upright (EXIF orientation applied), as RGBA.

    Greyscale, palette, CMYK and 16-bit pictures are converted; of an animation the first frame
    is taken. No alpha channel means opaque.

    Raises:
        EngineError: `BAD_INPUT` if there is no such file, it isn't a picture of `FORMATS` or is
            damaged, or its size lies outside `MIN_SIDE`, `MAX_SIDE` and `MAX_PIXELS`.
    """
    path = Path(path)
    if os.path.isdir(path):  # also of a name that no file can have
        raise _bad(f"{path} is a folder", "name a picture in it")
    if not os.path.isfile(path):
        raise _bad(f"there is no picture {path}", "check the path")
    if path.stat().st_size == 0:
        raise _bad(f"{path} is empty", "save or copy it again")
    try:
        with warnings.catch_warnings():
            # The limits below decide; Pillow's own warning would only litter the log.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=readable_formats()) as picture:
                _check_size(path, *picture.size)
                return np.array(_to_rgba(ImageOps.exif_transpose(picture)))
    except Image.UnidentifiedImageError as error:
        raise _bad(f"{path} is not a picture that can be read",
                   f"use one of {', '.join(FORMATS)}") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except DECODER_ERRORS as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise _bad(f"{path} can't be decoded: {reason}", "save or copy it again") from error


def picture_suffixes() -> set[str]:
    """File name endings of `FORMATS`, in lower case, such as ".png"."""
    Image.init()
    return {suffix for suffix, name in Image.EXTENSION.items() if name in FORMATS}


def save_png(path: str | Path, image: npt.NDArray[np.floating]) -> None:
    """Write an H x W x 3 or 4 float picture in [0, 1] as PNG; complete or not at all.

    Raises:
        EngineError: `DISK` if the file can't be written.
    """
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    path = Path(path)
    with staged_file(path) as stage:
        try:
            Image.fromarray(pixels).save(stage, format="PNG")
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write {path}: {error.strerror}",
                              "choose a folder that you may write to, with space left") from error


def readable_formats() -> list[str]:
    """Those of `FORMATS` that this build of Pillow knows; it fails on names that it doesn't."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _to_rgba(picture: Image.Image) -> Image.Image:
    """RGBA of any mode. Pillow clips deeper greys at 255, so those are scaled first."""
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = np.asarray(picture, dtype=np.float32)
        # "F" is meant as 0 to 1 unless its values say otherwise, integers as 16 bits.
        white = 65535.0 if picture.mode != "F" else (1.0 if grey.max(initial=0) <= 1 else 255.0)
        grey = np.nan_to_num(np.clip(grey / white, 0, 1))
        picture = Image.fromarray((grey * 255).round().astype(np.uint8))
    return picture.convert("RGBA")


def _check_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise _bad(f"{path} has only {width} x {height} pixels",
                   f"use a picture of at least {MIN_SIDE} pixels a side")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(path, f": {width} x {height} pixels")


def _too_large(path: Path, size: str = "") -> EngineError:
    return _bad(f"{path} is too large{size}",
                f"scale it down to {MAX_SIDE} pixels a side and {MAX_PIXELS // 10**6} megapixels")


def _bad(message: str, hint: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, message, hint)
