# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows an orbit of views as a turntable: on a plane in the timeline, or in a video file."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from ...engine.core import staging as outputs
from ...engine.core.errors import EngineError, ErrorCode
from .placement import TURN
from .views import SHEET_LEFT, add_plane

FPS = 24
"""Frames per second of the video."""


def write_frames(images: Sequence[Path], folder: Path, frames: int) -> Path:
    """Write a file for every frame of one turn: turn_0001.png and so on, as Blender reads
    sequences. Returns the first.

    Each image is written several times. Keyframes or a driver could hold a sequence's images
    instead, but Blender 5.2 sometimes shows an outdated one then.

    Raises:
        EngineError: `DISK` if the folder cannot be written, or an image cannot be read.
    """
    try:
        with outputs.staged_folder(folder, replaces=("turn_[0-9][0-9][0-9][0-9].png",)) as stage:
            for number, index in enumerate(schedule(len(images), frames), 1):
                shutil.copyfile(images[index], stage / f"turn_{number:04d}.png")
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write the turntable to {folder}: {error}",
                          outputs.HINT) from error
    return folder / "turn_0001.png"


def schedule(count: int, frames: int) -> list[int]:
    """For each frame of a turn, the index (0 to count - 1) of the image that it shows."""
    return [frame * count // frames for frame in range(frames)]


@dataclass(frozen=True)
class Turn:
    """One turn of an object, as a sequence of files for a plane in the timeline."""

    first: Path
    """File of the first frame."""
    frames: int
    """Number of frames that the turn takes."""
    size: float
    """Side of the plane, in the engine's units."""
    kind: str = 'EMPTY'
    """'EMPTY' for an image empty, 'MESH' for a mesh plane."""


def add_turntable(collection: bpy.types.Collection, turn: Turn, name: str) -> bpy.types.Object:
    """Add a plane beside the object; its image shows repeated turns while the timeline plays."""
    image = bpy.data.images.load(str(turn.first), check_existing=False)
    plane = add_plane(collection, name, image, turn.size, turn.kind)
    image.source = 'SEQUENCE'
    user = (plane.image_user if plane.type == 'EMPTY'
            else plane.active_material.node_tree.nodes.active.image_user)
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, turn.frames, True
    user.use_cyclic = True
    plane.matrix_world = (TURN.inverted() @ Matrix.Translation((-SHEET_LEFT, 0.0, 0.0))
                          @ Matrix.Rotation(math.pi / 2, 4, 'X'))
    return plane


def write_video(images: Sequence[Path], out: Path, seconds: float) -> None:
    """Write one turn, on white, as an H.264 file of `seconds` with Blender's own encoder.

    Raises:
        EngineError: `ENVIRONMENT` if this Blender has no encoder, `BAD_INPUT` if an image cannot be
            read, `DISK` if the file cannot be written.
    """
    if not bpy.app.build_options.codec_ffmpeg:
        raise EngineError(ErrorCode.ENVIRONMENT, "this Blender can't write videos",
                          "use one that is built with FFmpeg")
    frames = max(round(seconds * FPS), len(images))
    with outputs.staged_file(out) as stage, tempfile.TemporaryDirectory() as folder, \
            _scene() as scene:
        side = 0
        for number, path in enumerate(images):
            side = _write_on_white(path, Path(folder) / f"{number}.png")
        _fill(scene, Path(folder), schedule(len(images), frames))
        _as_video(scene.render, side + side % 2, stage)
        try:
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            raise EngineError(ErrorCode.DISK, f"can't write the video: {error}",
                              outputs.HINT) from error
        if not stage.stat().st_size:
            raise EngineError(ErrorCode.DISK, f"can't write the video {out}", outputs.HINT)


@contextmanager
def _scene() -> Iterator[bpy.types.Scene]:
    """A temporary scene."""
    scene = bpy.data.scenes.new("Zero123 Turntable")
    try:
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def _write_on_white(path: Path, out: Path) -> int:
    """Write a copy without transparency, which a video lacks. Returns its longer side in pixels."""
    import numpy as np

    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        if not image.size[0]:
            raise EngineError(ErrorCode.BAD_INPUT, f"can't read the image {path}",
                              "generate the views again")
        pixels = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(pixels)
        rgba = pixels.reshape(-1, 4)
        rgba[:, :3] = rgba[:, :3] * rgba[:, 3:] + (1 - rgba[:, 3:])
        rgba[:, 3] = 1
        image.pixels.foreach_set(rgba.ravel())
        image.filepath_raw, image.file_format = str(out), 'PNG'
        image.save()
        return max(image.size)
    finally:
        bpy.data.images.remove(image)


def _fill(scene: bpy.types.Scene, folder: Path, order: Sequence[int]) -> None:
    """Fill the scene's sequencer with images of a folder, one for each frame."""
    editor: Any = scene.sequence_editor_create()
    # Renamed in 4.4; an empty collection is false.
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_image("Turn", str(folder / f"{order[0]}.png"), channel=1, frame_start=1)
    for number in order[1:]:
        strip.elements.append(f"{number}.png")
    scene.frame_start, scene.frame_end = 1, len(order)
    scene.view_settings.view_transform = 'Standard'  # keeps the images' own colours


def _as_video(render: bpy.types.RenderSettings, side: int, out: Path) -> None:
    """Set the output to a square H.264 video in an MP4 file."""
    render.resolution_x = render.resolution_y = side
    render.resolution_percentage, render.fps, render.fps_base = 100, FPS, 1.0
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # since 5.0
        settings.media_type = 'VIDEO'
    settings.file_format = 'FFMPEG'
    render.ffmpeg.format, render.ffmpeg.codec = 'MPEG4', 'H264'
    render.ffmpeg.constant_rate_factor = 'HIGH'
    render.use_file_extension = False
    render.filepath = str(out)
