# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An orbit of views as a picture that turns: on one plane in the timeline, or as a video file."""

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
"""Of the video."""


def write_frames(pictures: Sequence[Path], folder: Path, frames: int) -> Path:
    """A file for every frame of one turn, turn_0001.png and so on, as Blender reads sequences.
    Returns the first.

    Each picture has several files of the same content. A sequence could be told to hold its
    pictures by keys or a driver, but Blender 5.2 then shows now and then what they said before.

    Raises:
        EngineError: `DISK` if the folder can't be written, or a picture can't be read.
    """
    try:
        with outputs.staged_folder(folder, replaces=("turn_[0-9][0-9][0-9][0-9].png",)) as stage:
            for number, index in enumerate(schedule(len(pictures), frames), 1):
                shutil.copyfile(pictures[index], stage / f"turn_{number:04d}.png")
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write the turntable to {folder}: {error}",
                          outputs.HINT) from error
    return folder / "turn_0001.png"


def schedule(count: int, frames: int) -> list[int]:
    """Which of `count` pictures each of the frames of a turn shows."""
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
    """Add a plane beside the object whose image turns over and over as the timeline plays."""
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


def write_video(pictures: Sequence[Path], out: Path, seconds: float) -> None:
    """One turn as an H.264 file of `seconds`, on white, by Blender's own encoder.

    Raises:
        EngineError: `ENVIRONMENT` if this Blender has no encoder, `BAD_INPUT` if a picture can't be
            read, `DISK` if the file can't be written.
    """
    if not bpy.app.build_options.codec_ffmpeg:
        raise EngineError(ErrorCode.ENVIRONMENT, "this Blender can't write videos",
                          "use one that is built with FFmpeg")
    frames = max(round(seconds * FPS), len(pictures))
    with outputs.staged_file(out) as stage, tempfile.TemporaryDirectory() as folder, \
            _scene() as scene:
        side = 0
        for number, picture in enumerate(pictures):
            side = _write_on_white(picture, Path(folder) / f"{number}.png")
        _fill(scene, Path(folder), schedule(len(pictures), frames))
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
    """A scene that is gone afterwards."""
    scene = bpy.data.scenes.new("Zero123 Turntable")
    try:
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def _write_on_white(picture: Path, out: Path) -> int:
    """A copy without transparency, as a video has none. Returns its side in pixels."""
    import numpy as np

    image = bpy.data.images.load(str(picture), check_existing=False)
    try:
        if not image.size[0]:
            raise EngineError(ErrorCode.BAD_INPUT, f"can't read the picture {picture}",
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
    """Put pictures of a folder into the scene's sequencer, one for each frame."""
    editor: Any = scene.sequence_editor_create()
    # Renamed in 4.4; an empty collection is false.
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_image("Turn", str(folder / f"{order[0]}.png"), channel=1, frame_start=1)
    for number in order[1:]:
        strip.elements.append(f"{number}.png")
    scene.frame_start, scene.frame_end = 1, len(order)
    scene.view_settings.view_transform = 'Standard'  # the pictures' own colours


def _as_video(render: bpy.types.RenderSettings, side: int, out: Path) -> None:
    """What to write: a square H.264 video in an MP4 file."""
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
