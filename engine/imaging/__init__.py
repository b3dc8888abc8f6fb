# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads, cuts out, frames, composites and saves images."""

from .alpha import RGBA8, PremultipliedRGBA, from_white, on_white, premultiplied, straight
from .framing import (
    OBJECT_FRACTION,
    FramedImage,
    ObjectShare,
    PreparedImage,
    frame_cut_out,
    frame_image,
    frame_object,
    load_input,
    recentre,
    resize_premultiplied,
)
from .reading import read_image, save_png
from .segmentation import CutOut, cut_out
from .view_alpha import foreground_alpha

__all__ = [
    "OBJECT_FRACTION",
    "RGBA8",
    "CutOut",
    "FramedImage",
    "ObjectShare",
    "PremultipliedRGBA",
    "PreparedImage",
    "cut_out",
    "foreground_alpha",
    "frame_cut_out",
    "frame_image",
    "frame_object",
    "from_white",
    "load_input",
    "on_white",
    "premultiplied",
    "read_image",
    "recentre",
    "resize_premultiplied",
    "save_png",
    "straight",
]
