# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: load, cut out, recentre, composite, save."""

from .framing import (
    OBJECT_FRACTION,
    PreparedImage,
    foreground_alpha,
    frame_object,
    load_input,
    recentre,
    resize_on_white,
)
from .reading import read_image, save_png
from .segmentation import cut_out

__all__ = [
    "OBJECT_FRACTION",
    "PreparedImage",
    "cut_out",
    "foreground_alpha",
    "frame_object",
    "load_input",
    "read_image",
    "recentre",
    "resize_on_white",
    "save_png",
]
