# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that a result in the scene was made from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import bpy

from ...engine.core.errors import EngineError, ErrorCode
from . import Record
from .images import image_of


class Source(NamedTuple):
    """An input image as the operators' properties take it. One of the first two is empty."""

    image: str
    """Name of an image."""
    filepath: str
    prepared: bool = False
    """Whether it is already square, cut out and centred, as the network needs it."""


def source_of(group: bpy.types.Collection) -> Source:
    """The input image of a result. If its file is gone, the network's own input image is taken,
    which is in the scene.

    Raises:
        EngineError: `BAD_INPUT` if both are missing.
    """
    records = [record for item in group.objects if (record := Record.read(item))]
    files = (str(record.request.get("image", "")) for record in records)
    if file := next((file for file in files if file and Path(file).is_file()), ""):
        return Source("", file)
    for item in group.objects:
        record = Record.read(item)
        if record and record.is_input and item.type != 'CAMERA' and (image := image_of(item)):
            return Source(image.name, "", prepared=True)
    raise EngineError(ErrorCode.BAD_INPUT, f"the image that {group.name} was made from is missing",
                      "give the image")
