# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes image files. Files are checked before they are decoded."""

from __future__ import annotations

import os
import re
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from ..core.errors import EngineError, ErrorCode
from ..core.files import PNG_LEVEL
from ..core.staging import staged_file
from .alpha import RGBA8
from .colour import deep_colours, to_srgb

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "TGA", "PPM")
"""Formats that are tried, in order. Others are not opened: EPS would start an interpreter."""
MIN_SIDE = 16
MAX_SIDE = 16384
MAX_PIXELS = 120_000_000
"""Maximum number of pixels, as of a large camera; decoded, they take 480 MB."""

DECODER_ERRORS = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError,
                  RuntimeError, EOFError, struct.error, Image.DecompressionBombError)
"""Exceptions of Pillow's decoders for files that are truncated, altered or of another kind."""


UNREADABLE = (
    (rb"....ftyp(heic|heix|hevc|heim|heis|mif1|msf1)", "HEIC"),
    (rb"\x76\x2f\x31\x01", "OpenEXR"), (rb"#\?(RADIANCE|RGBE)", "Radiance HDR"),
    (rb"8BPS", "Photoshop"), (rb"gimp xcf", "GIMP"), (rb"%PDF", "PDF"),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", "SVG"),
    (rb"\xff\x0a|....JXL ", "JPEG XL"), (rb"DDS ", "DDS"), (rb"SDPX|XPDS", "DPX"),
    (rb"\x80\x2a\x5f\xd7", "Cineon"), (rb"....ftypcrx", "Canon raw"),
    (rb"FUJIFILMCCD", "Fujifilm raw"), (rb"II[*U]\0|MM\0\*|IIRO", "camera raw or unusual TIFF"),
    (rb"....ftyp(isom|mp4|qt|M4V|avc1)|\x1a\x45\xdf\xa3|RIFF....AVI ", "video"),
    (rb"BLENDER|\x28\xb5\x2f\xfd", "Blender"), (rb"\xabKTX", "KTX"), (rb"qoif", "QOI"),
    (rb"\x00\x00[\x01\x02]\x00.\x00", "Windows icon"), (rb"%!PS", "PostScript"), (rb"glTF", "glTF"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "compressed archive"),
    (rb"version https://git-lfs", "Git LFS pointer"),
    (rb"\s*<(!DOCTYPE html|html)", "HTML"))
"""(pattern of a file's first bytes, the format's name) of known formats that are not supported."""
_READABLE_COPY = {"Git LFS pointer": "fetch the image itself with `git lfs pull`",
                  "compressed archive": "unpack it first",
                  "HTML": "get the image itself; the server sent a web page",
                  "video": "save one frame as PNG"}
"""Advice for formats where saving the image in another format is not the remedy."""
_MAGIC_BYTES = 512
_WEB_ADDRESS = re.compile(r"(https?|ftp|file|data|s3):", re.IGNORECASE)


@dataclass(frozen=True)
class LoadedImage:
    """A decoded image."""

    rgba: RGBA8
    """H x W x 4."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the user about changed or ignored properties of the file."""


def read_image(path: str | Path) -> RGBA8:
    """The pixels of `load_image`."""
    return load_image(path).rgba


def load_image(path: str | Path) -> LoadedImage:
    """The image in a file, upright (EXIF orientation applied), as 8-bit sRGB with alpha.

    Embedded colour profiles are applied; greyscale, palette, CMYK and 16-bit images are converted;
    of an animation the first frame is taken. No alpha channel means opaque.

    Raises:
        EngineError: `BAD_INPUT` if there is no such file, it is not an image of `FORMATS` or is
            damaged, or its size lies outside `MIN_SIDE`, `MAX_SIDE` and `MAX_PIXELS`.
    """
    path = Path(path)
    if os.path.isdir(path):  # unlike Path.is_dir, without an error for invalid names
        raise _bad(f"{path} is a folder", "give an image in it")
    if _WEB_ADDRESS.match(str(path)) and not os.path.isfile(path):
        raise _bad(f"{path} is an address, not a path",
                   "download the image and give the path of the file")
    if not os.path.isfile(path):
        raise _bad(f"the image {path} does not exist", "check the path")
    if path.stat().st_size == 0:
        raise _bad(f"{path} is empty", "save or copy it again")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            # The limits below decide; Pillow's own warning would only litter the log.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=readable_formats()) as image:
                _check_size(path, *image.size)
                return LoadedImage(np.array(to_srgb(_upright(path, image, notes), notes)), notes)
    except Image.UnidentifiedImageError as error:
        if name := unreadable_format(path):
            raise _bad(f"{path} is {_article(name)} {name} file, which the engine does not read",
                       _READABLE_COPY.get(name, "save it as PNG or JPEG")) from error
        raise _bad(f"{path} is not an image that can be read",
                   f"use one of {', '.join(FORMATS)}") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except DECODER_ERRORS as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise _bad(f"{path} can't be decoded: {reason}", "save or copy it again") from error


def unreadable_format(path: Path) -> str:
    """Name of a known format that is not supported, by the file's first bytes; else empty."""
    try:
        with path.open("rb") as file:
            head = file.read(_MAGIC_BYTES)
    except OSError:
        return ""
    return next((name for pattern, name in UNREADABLE
                 if re.match(pattern, head, re.DOTALL | re.IGNORECASE)), "")


def _article(name: str) -> str:
    """Indefinite article of a format's name."""
    return "an" if name.startswith(("A", "O", "HTML", "SVG")) else "a"


def image_suffixes() -> set[str]:
    """File name endings of `FORMATS`, in lower case, such as ".png"."""
    Image.init()
    return {suffix for suffix, name in Image.EXTENSION.items() if name in FORMATS}


def save_png(path: str | Path, image: npt.NDArray[np.floating]) -> None:
    """Write an H x W x 3 or 4 float image in [0, 1] as PNG; complete or not at all.

    Raises:
        EngineError: `DISK` if the file can't be written.
    """
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    path = Path(path)
    with staged_file(path) as stage:
        try:
            Image.fromarray(pixels).save(stage, format="PNG", compress_level=PNG_LEVEL)
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write {path}: {error.strerror}",
                              "choose a folder that you may write to, with space left") from error


def readable_formats() -> list[str]:
    """The `FORMATS` that this build of Pillow supports; Pillow fails on unknown names."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _upright(path: Path, image: Image.Image, notes: list[str]) -> Image.Image:
    """The decoded image with its EXIF orientation applied."""
    if image.mode in ("RGB", "RGBA") and _bits(image) == 16:
        image.load()  # raises on damaged files, of which OpenCV would return the intact part
        deep = deep_colours(path.read_bytes(), image.getexif().get(0x0112, 1), notes)
        if deep is not None:
            deep.info = {"icc_profile": image.info.get("icc_profile")}
            return deep
    return ImageOps.exif_transpose(image)


def _bits(image: Image.Image) -> int:
    """Bits per channel in a PNG or TIFF file; 8 if unknown."""
    if image.format == "PNG":
        raw = [tile.args for tile in getattr(image, "tile", [])]
        return 16 if any(";16" in str(mode) for mode in raw) else 8
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (8,)) if tags else (8,)
    return int(bits[0] if isinstance(bits, tuple) else bits)


def _check_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise _bad(f"{path} has only {width} x {height} pixels",
                   f"use an image of at least {MIN_SIDE} pixels a side")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(path, f": {width} x {height} pixels")


def _too_large(path: Path, size: str = "") -> EngineError:
    return _bad(f"{path} is too large{size}",
                f"scale it down to {MAX_SIDE} pixels a side and {MAX_PIXELS // 10**6} megapixels")


def _bad(message: str, hint: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, message, hint)
