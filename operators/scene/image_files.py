# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes any image of Blender, as it is displayed, to a file that the engine can read.

A file that the engine can read is used unchanged, so that its orientation tag, colour profile and
bit depth are kept. Everything else is written as an 8-bit sRGB PNG by Blender.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from ...engine.core.errors import EngineError, ErrorCode
from .displayed_part import displayed_file, displayed_frame, displayed_tile

COPY_NAME = "zero123-image.png"
"""A name that users do not give to files; a repeated job replaces its own file."""
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"BM": ".bmp",
               b"II*\0": ".tif", b"MM\0*": ".tif", b"\0\0\0\x0cjP  ": ".jp2",
               b"\xff\x4f\xff\x51": ".j2k"}
"""First bytes of the formats that both Blender and the engine read. Those of WebP are in two
places. TGA has none, and is converted by Blender without loss."""
_PNG = {"media_type": 'IMAGE', "file_format": 'PNG', "color_mode": 'RGBA', "color_depth": '8',
        "color_management": 'FOLLOW_SCENE'}
"""Output settings for an 8-bit PNG, in order: each limits the choices of the next."""


def image_file(image: bpy.types.Image, folder: Path) -> Path:
    """A file with the image: its own if the engine reads that, else a copy in `folder`.

    Of a sequence or a movie it is the displayed frame, of a tiled image the active tile, of a
    render or a Viewer node what the Image Editor shows. The image and its settings stay unchanged.

    Raises:
        EngineError: `BAD_INPUT` if the image has no pixels or its file is missing, `DISK` if the
            copy cannot be written.
    """
    out = folder / COPY_NAME
    match image.source:
        case 'VIEWER':
            return _write_viewer(image, out)
        case 'MOVIE':
            return _write_movie_frame(image, out)
        case 'SEQUENCE':
            return _readable_file(displayed_file(image), image, out)
        case 'TILED':
            return _tile_file(image, out)
        case 'FILE' if not image.is_dirty:
            return _saved_file(image, out)
    return _write(image, out)


def has_pixels(image: bpy.types.Image) -> bool:
    """Whether Blender can read an image. An OpenEXR file of layers has no size of its own."""
    return image.size[0] > 0 or image.type == 'MULTILAYER'


def write_shown(image: bpy.types.Image, path: Path) -> None:
    """Write a render or the image of a Viewer node as the Image Editor shows it, as an 8-bit PNG.

    Raises:
        EngineError: `BAD_INPUT` if there is none, `DISK` if the file cannot be written.
    """
    # A script may have rendered another scene than the one that is open.
    scenes = [bpy.context.scene, *(s for s in bpy.data.scenes if s != bpy.context.scene)]
    for scene in scenes:
        with _output_settings(scene), suppress(RuntimeError):
            image.save_render(str(path), scene=scene)
            return
    if image.has_data:
        raise _cannot_write(path)
    raise EngineError(ErrorCode.BAD_INPUT, "there is no render yet", "render the scene first")


def _saved_file(image: bpy.types.Image, out: Path) -> Path:
    """The file of an image that has no unsaved changes, or a copy of its packed content."""
    if image.packed_file is not None:
        return _write_content(image.packed_file.data, image, out) or _write(image, out)
    path = Path(bpy.path.abspath(image.filepath_raw, library=image.library))
    if not has_pixels(image) or (path.is_file() and _is_readable(path, image)):
        return path  # missing or damaged: the engine reports which of the two
    return _write(image, out)


def _write_viewer(image: bpy.types.Image, out: Path) -> Path:
    if image.type == 'COMPOSITING' and not (image.has_data and any(image.pixels)):
        # Until its node tree has run, it has a placeholder of empty pixels.
        raise EngineError(ErrorCode.BAD_INPUT, f"{image.name} shows nothing yet",
                          "let the compositor run, or choose another image")
    write_shown(image, out)
    return out


def _write_movie_frame(image: bpy.types.Image, out: Path) -> Path:
    """Write the displayed frame of a movie. Only Blender's sequencer decodes a chosen frame."""
    path = Path(bpy.path.abspath(image.filepath_raw, library=image.library))
    if not path.is_file() or not image.size[0]:
        raise EngineError(ErrorCode.BAD_INPUT, f"the movie {path} cannot be read",
                          "choose another image")
    frame = min(max(displayed_frame(image) or 1, 1), max(image.frame_duration, 1))
    with standard_scene() as scene:
        editor: Any = scene.sequence_editor_create()
        # Renamed in 4.4; an empty collection is false.
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        strips.new_movie("Movie", str(path), channel=1, frame_start=1)
        render = scene.render
        render.resolution_x, render.resolution_y = image.size
        render.resolution_percentage = 100
        render.use_file_extension = False
        render.filepath = str(out)
        # A still render takes the frame of the open scene instead of this one's.
        scene.frame_start = scene.frame_end = frame
        with _output_settings(scene):
            try:
                bpy.ops.render.render(animation=True, scene=scene.name)
            except RuntimeError as error:
                raise _cannot_write(out) from error
    # Blender appends the number of the frame to the name of an animation's file.
    written = next(out.parent.glob(f"{out.name}*"), None)
    if written is None:
        raise _cannot_write(out)
    return written.replace(out)


def _tile_file(image: bpy.types.Image, out: Path) -> Path:
    """The file of the active tile; painted and generated tiles are written by Blender."""
    number = displayed_tile(image)
    packed = {item.tile_number: item.packed_file for item in image.packed_files}
    path = displayed_file(image)
    if not image.is_dirty and number in packed:
        if found := _write_content(packed[number].data, image, out):
            return found
    elif not image.is_dirty and path.is_file():
        return _readable_file(path, image, out)
    with tempfile.TemporaryDirectory() as folder:
        # One missing tile makes the whole call fail; the tiles before it are written.
        with suppress(EngineError):
            _write(image, Path(folder) / "tile.<UDIM>.png")  # Blender writes all tiles at once
        tile = Path(folder) / f"tile.{number}.png"
        if not tile.is_file():
            raise EngineError(ErrorCode.BAD_INPUT, f"tile {number} of {image.name} has no pixels",
                              "fill it, or make another tile active")
        try:
            shutil.copyfile(tile, out)
        except OSError as error:
            raise _cannot_write(out) from error
    return out


def _readable_file(path: Path, image: bpy.types.Image, out: Path) -> Path:
    """The file of a frame or tile if the engine can read it, otherwise a copy."""
    if not path.is_file():
        raise EngineError(ErrorCode.BAD_INPUT, f"{path}, which {image.name} displays, is missing",
                          "choose another frame or tile")
    with _loaded_like(image, path) as part:
        return path if _is_readable(path, part) else _write(part, out)


def _write_content(content: bytes, image: bpy.types.Image, out: Path) -> Path | None:
    """Write packed bytes in their original format; None if the engine cannot read it."""
    suffix = readable_suffix(content[:12])
    if not suffix or (suffix == ".tif" and image.is_float):
        return None
    path = out.with_suffix(suffix)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise _cannot_write(path) from error
    return path


def _is_readable(path: Path, image: bpy.types.Image) -> bool:
    """Whether the engine can read the file of `image`, with the same result as Blender."""
    try:
        with path.open("rb") as file:
            suffix = readable_suffix(file.read(12))
    except OSError:
        return False
    return bool(suffix) and not (suffix == ".tif" and image.size[0] > 0 and image.is_float)


def readable_suffix(start: bytes) -> str:
    """The suffix of the format that the first 12 bytes belong to, if the engine reads it."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for signature, suffix in _SIGNATURES.items()
                 if start.startswith(signature)), "")


def _write(image: bpy.types.Image, out: Path) -> Path:
    """Write the pixels of an image by its colour space, without the scene's view transform.

    Scene-linear values become sRGB, associated alpha becomes straight alpha. `Image.save` would
    change the image's path and its unsaved state.
    """
    with standard_scene() as scene, _output_settings(scene):
        try:
            image.save_render(str(out), scene=scene)
        except RuntimeError as error:
            if image.has_data:
                raise _cannot_write(out) from error
            raise EngineError(ErrorCode.BAD_INPUT, f"the image {image.name} has no pixels",
                              "choose another image") from error
    return out


@contextmanager
def standard_scene() -> Iterator[bpy.types.Scene]:
    """A scene, removed afterwards, in which images keep their own colours."""
    scene = bpy.data.scenes.new("Zero123 Image")
    try:
        with suppress(TypeError):  # a studio's colour configuration may not have these settings
            scene.display_settings.display_device = 'sRGB'
        with suppress(TypeError):
            scene.view_settings.view_transform = 'Standard'
            scene.view_settings.look = 'None'
        scene.render.dither_intensity = 0.0
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


@contextmanager
def _loaded_like(image: bpy.types.Image, path: Path) -> Iterator[bpy.types.Image]:
    """A file as an image with the colour space and alpha of another; removed afterwards."""
    part = bpy.data.images.load(str(path), check_existing=False)
    try:
        part.colorspace_settings.name = image.colorspace_settings.name
        part.alpha_mode = image.alpha_mode
        yield part
    finally:
        bpy.data.images.remove(part)


@contextmanager
def _output_settings(scene: bpy.types.Scene) -> Iterator[None]:
    """Set the output to 8-bit RGBA PNG files during the block."""
    settings = scene.render.image_settings
    names = [name for name in _PNG if hasattr(settings, name)]  # media_type exists since 5.0
    before = [(name, getattr(settings, name)) for name in names]
    try:
        for name in names:
            setattr(settings, name, _PNG[name])
        yield
    finally:
        for name, value in before:
            setattr(settings, name, value)


def _cannot_write(path: Path) -> EngineError:
    return EngineError(ErrorCode.DISK, f"can't write {path}",
                       "choose another results folder in the preferences")
