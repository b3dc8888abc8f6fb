# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts a file's colours to 8-bit sRGB: embedded ICC profiles, greys and 16-bit values."""

from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_DEPTHS = (10, 12, 14)
"""Bit depths that cameras and scanners store in 16 bits."""
_CMS_MODES = ("RGB", "L", "CMYK", "LAB")
"""Modes of Pillow that Little CMS converts."""
BAD_PROFILE = "The image's colour profile is damaged and was ignored; its colours may be off."


def to_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The image as RGBA in sRGB, converted from its embedded ICC profile if there is one.

    A damaged or unusable profile is ignored; `notes` then receives a sentence for the user.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bits(image, notes)
    rgba = image.convert("RGBA")
    if not profile:
        return rgba
    colours = (image if image.mode in _CMS_MODES
               else image.getchannel(0) if image.mode == "LA" else rgba.convert("RGB"))
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(embedded).lower():
            return rgba
        converted = ImageCms.profileToProfile(
            colours, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append(BAD_PROFILE)
        return rgba
    assert converted is not None  # only a conversion in place returns nothing
    converted.putalpha(rgba.getchannel("A"))
    return converted


def deep_colours(data: bytes, orientation: int, notes: list[str]) -> Image.Image | None:
    """A 16-bit colour image of a file's bytes as RGB or RGBA, which Pillow would truncate.

    `orientation`: the EXIF value. None if OpenCV cannot decode it as 16-bit colour.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] < 3:
        return None
    rgb = scaled_16_bits(np.asarray(pixels, np.uint16)[..., 2::-1], notes)
    if pixels.shape[2] == 4:
        rgb = np.dstack([rgb, (pixels[..., 3] / 257).round().astype(np.uint8)])
    image = Image.fromarray(np.ascontiguousarray(rgb))
    turned = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
              4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
              6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
              8: Image.Transpose.ROTATE_90}.get(orientation)
    return image.transpose(turned) if turned is not None else image


def scaled_16_bits(values: npt.NDArray[np.uint16], notes: list[str]) -> npt.NDArray[np.uint8]:
    """16-bit values as 8 bits; those of 10, 12 or 14 bits that were stored in 16 are brightened."""
    highest = int(values.max(initial=0))
    bits = next((bits for bits in _DEPTHS if highest < 2**bits), 16)
    if bits < 16 and highest:
        notes.append(f"The image holds {bits}-bit values in 16 bits and was brightened "
                     f"{2 ** (16 - bits)} times.")
    white = 2.0**bits - 1
    return (values * np.float32(255 / white)).round().astype(np.uint8)


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Deep greys as 8 bits (Pillow would clip them at 255); other modes as they are."""
    if image.mode.startswith("I"):
        values = np.clip(np.asarray(image, dtype=np.int64), 0, 65535).astype(np.uint16)
        return Image.fromarray(scaled_16_bits(values, notes))
    if image.mode == "F":
        grey = np.asarray(image, dtype=np.float32)
        # The values are in [0, 1] unless larger ones occur.
        white = 1.0 if np.nanmax(grey, initial=0) <= 1 else 255.0
        grey = np.clip(np.nan_to_num(grey / white), 0, 1)
        return Image.fromarray((grey * 255).round().astype(np.uint8))
    return image
