# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives packed textures a path and a file, which Blender's FBX and OBJ exporters need.

The FBX exporter copies the file. The OBJ exporter of a packed texture only writes the file's name
into the material; it copies the file of one that is unpacked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import bpy

from ...engine.core.errors import EngineError
from ...engine.core.staging import staged_file
from .image_files import readable_suffix

FOLDER = "textures"
"""Name of the folder for these files."""


def write_texture_files(item: bpy.types.Object, folder: Path) -> None:
    """Write the packed textures of an object into `folder`/textures, and name the files in them.

    A file's name has the image's name and a digest of its content, so that textures exported into
    one folder do not replace each other, and an existing file never has to be replaced. The images
    stay packed: a .blend file needs no other file. If the folder cannot be written, only the names
    are set.
    """
    for image in _packed_images(item):
        content = image.packed_file.data
        title = re.sub(r"\.\d{3,}$", "", image.name)  # Blender numbers images of the same name
        name = re.sub(r"[^\w-]+", "_", title).strip("_") or "texture"
        digest = hashlib.sha256(content).hexdigest()[:8]
        suffix = readable_suffix(content[:12]) or ".png"
        path = folder / FOLDER / f"{name}-{digest}{suffix}"
        with suppress(EngineError, OSError):
            if not path.exists():
                with staged_file(path) as stage:
                    stage.write_bytes(content)
        image.filepath_raw = str(path)
        for packed in image.packed_files:  # the USD exporter names its copy by this path
            packed.filepath = str(path)


def _packed_images(item: bpy.types.Object) -> Iterator[bpy.types.Image]:
    """The images in an object's materials that are packed and have no path."""
    for slot in item.material_slots:
        tree = slot.material.node_tree if slot.material else None
        for node in tree.nodes if tree else ():
            image = node.image if node.type == 'TEX_IMAGE' else None
            if image is not None and image.packed_file is not None and not image.filepath_raw:
                yield image
