# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the textures of results in files while a .blend file is open, and packed in what is saved.

Blender's OBJ exporter copies only textures that are not packed. A .blend file, on the other hand,
has to be complete without the results folder. So a texture is packed before a file is saved and
unpacked afterwards, and when the file is opened. A packed copy that nothing uses, which Blender
does not save, restores the texture if its file vanishes meanwhile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import bpy
from bpy.app import handlers

from ...engine.core.errors import EngineError
from ...engine.core.staging import staged_file
from .image_files import readable_suffix

FOLDER = "textures"
"""Name of the folder for these files."""
KEY = "zero123_texture"
"""Custom property of an image that is kept in a file: the digest of its content."""
COPY = ".zero123 {}"
"""Name of the packed copy of an image with a digest. Blender's menus do not show a name with a dot
in front."""


def keep_in_files(item: bpy.types.Object, folder: Path) -> None:
    """Unpack the textures of an object's materials into `folder`/textures, from now on.

    A file's name contains the image's name and a digest of its content, so that textures exported
    into one folder do not replace each other, and an existing file never has to be replaced. An
    image that already has a file keeps it. If no file can be written, the image stays packed.
    """
    for slot in item.material_slots:
        tree = slot.material.node_tree if slot.material else None
        for node in tree.nodes if tree else ():
            image = node.image if node.type == 'TEX_IMAGE' else None
            if image is not None and image.source == 'FILE' and image.packed_file is not None:
                _unpack(image, folder)


def remove_image(image: bpy.types.Image) -> None:
    """Remove an image, and its packed copy unless another image needs that."""
    digest = image.get(KEY)
    bpy.data.images.remove(image)
    copy = bpy.data.images.get(COPY.format(digest))
    if copy is not None and all(other[KEY] != digest for other in _kept()):
        bpy.data.images.remove(copy)


def pack_all() -> None:
    """Pack all these textures, unsaved changes included."""
    for image in _kept():
        if image.packed_file is None and (_has_file(image) or not _pack_copy(image)):
            with suppress(RuntimeError):  # the file can't be read
                image.pack()


def unpack_all() -> None:
    """Unpack all these textures into files, and restore files that are missing."""
    for image in _kept():
        if image.packed_file is not None or (not _has_file(image) and _pack_copy(image)):
            _unpack(image, Path(bpy.app.tempdir))


@handlers.persistent
def _before_saving(*_: object) -> None:
    pack_all()


@handlers.persistent
def _after_change(*_: object) -> None:
    unpack_all()


_HANDLERS = (("save_pre", _before_saving), *(
    (name, _after_change) for name in ("save_post", "save_post_fail", "load_post", "undo_post",
                                       "redo_post", "render_init", "blend_import_post")))
"""`blend_import_post` (append and link) exists since Blender 4.3."""


def register() -> None:
    """Keep textures in files from now on."""
    for name, handler in _HANDLERS:
        if hasattr(handlers, name):
            getattr(handlers, name).append(handler)


def unregister() -> None:
    """Pack all textures, because from now on they are not packed when the file is saved."""
    for name, handler in _HANDLERS:
        if handler in getattr(handlers, name, ()):
            getattr(handlers, name).remove(handler)
    if hasattr(bpy.data, "images"):  # this fails while Blender ends
        pack_all()


def _kept() -> Iterator[bpy.types.Image]:
    """The images of the open file that are kept in files; not those of linked files."""
    for image in list(bpy.data.images):
        if KEY in image and image.library is None and image.source == 'FILE':
            yield image


def _unpack(image: bpy.types.Image, folder: Path) -> None:
    content = bytes(image.packed_file.data)
    digest = hashlib.sha256(content).hexdigest()[:8]
    if not _has_content(_path(image), content):
        title = re.sub(r"\.\d{3,}$", "", image.name)  # Blender numbers images of the same name
        name = re.sub(r"[^\w-]+", "_", title).strip("_") or "texture"
        name = f"{name}-{digest}{readable_suffix(content[:12]) or '.png'}"
        path = _written(content, (folder / FOLDER / name, Path(bpy.app.tempdir, FOLDER, name)))
        if path is None:
            if not image.filepath_raw:
                image.filepath_raw = name  # exporters need one
            return
        image.filepath_raw = str(path)
    if COPY.format(digest) not in bpy.data.images:
        copy = image.copy()
        copy.name = COPY.format(digest)
        copy.pop(KEY, None)
    image[KEY] = digest
    image.unpack(method='REMOVE')
    _ = image.size[:]  # loads it: it stays in memory if the file vanishes


def _written(content: bytes, places: tuple[Path, ...]) -> Path | None:
    """The first of these files that has the content or can be written; None if there is none."""
    for path in places:
        with suppress(EngineError, OSError):
            if not _has_content(path, content):
                with staged_file(path) as stage:
                    stage.write_bytes(content)
            return path
    return None


def _pack_copy(image: bpy.types.Image) -> bool:
    """Pack an image with the content of its packed copy. Returns whether there is a copy."""
    copy = bpy.data.images.get(COPY.format(image[KEY]))
    if copy is None or copy.packed_file is None:
        return False
    content = bytes(copy.packed_file.data)
    image.pack(data=content, data_len=len(content))
    return True


def _path(image: bpy.types.Image) -> Path:
    return Path(bpy.path.abspath(image.filepath_raw))


def _has_file(image: bpy.types.Image) -> bool:
    """Whether an unpacked image does not need its copy: its content is in its file or painted."""
    return image.is_dirty or _path(image).is_file()


def _has_content(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
