# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The meshes of running reconstructions, drawn in the 3D View as they grow.

They are drawn and not added to the file, so undo, saving and loading know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zipfile import BadZipFile

import bpy

from .jobs import Job

if TYPE_CHECKING:
    import numpy as np

LIGHT = (0.35, -0.5, 0.8)
"""Direction to the light, world."""
AMBIENT = 0.45
"""Share of a colour that shows where no light falls."""


@dataclass(frozen=True)
class Shape:
    """A mesh ready to be drawn."""

    vertices: np.ndarray
    """V x 3 float32, world."""
    faces: np.ndarray
    """F x 3 int32."""
    colours: np.ndarray
    """V x 4 float32: sRGB with the light in it, alpha 1."""


def read_shape(path: Path) -> Shape | None:
    """The mesh of a preview file; None if it is not there any more, or being replaced."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            vertices, normals, faces, rgb = (
                file[name] for name in ("vertices", "normals", "faces", "colours"))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    lit = np.clip(normals @ (np.array(LIGHT, np.float32) / np.linalg.norm(LIGHT)), 0, 1)
    shade = AMBIENT + (1 - AMBIENT) * lit
    colours = np.ones((len(vertices), 4), np.float32)
    colours[:, :3] = rgb / 255 * shade[:, None]
    return Shape(np.ascontiguousarray(vertices), np.ascontiguousarray(faces), colours)


class GrowingMeshes:
    """What the 3D View shows of the jobs that run."""

    _SHADER: ClassVar[str] = 'SMOOTH_COLOR'

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, int, Any]] = {}
        """By job: number of the preview, scene, what `gpu` draws."""
        self._handle: Any = None

    def update(self, jobs: Iterable[Job]) -> bool:
        """Take in new previews, drop those of ended jobs. Returns whether anything changed."""
        if bpy.app.background:
            return False
        running = {job.id: job for job in jobs if job.preview and not job.state.ended}
        changed = bool(set(self.shown) - set(running))
        self.shown = {job: entry for job, entry in self.shown.items() if job in running}
        for job in running.values():
            if job.id in self.shown and self.shown[job.id][0] == job.preview_count:
                continue
            if job.preview and (shape := read_shape(job.preview)):
                self.shown[job.id] = (job.preview_count, job.scene_uid, self._batch(shape))
                changed = True
        self._listen(bool(self.shown))
        return changed

    def clear(self) -> None:
        """Show nothing any more."""
        self.shown = {}
        self._listen(False)

    def _batch(self, shape: Shape) -> Any:
        import gpu
        from gpu_extras.batch import batch_for_shader

        return batch_for_shader(
            gpu.shader.from_builtin(self._SHADER), 'TRIS',
            {"pos": shape.vertices, "color": shape.colours}, indices=shape.faces)

    def _listen(self, wanted: bool) -> None:
        """Be called for every picture of the 3D View only while there is something to draw."""
        if wanted and self._handle is None:
            self._handle = bpy.types.SpaceView3D.draw_handler_add(
                self._draw, (), 'WINDOW', 'POST_VIEW')
        elif not wanted and self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, 'WINDOW')
            self._handle = None

    def _draw(self) -> None:
        import gpu

        gpu.state.depth_test_set('LESS_EQUAL')
        gpu.state.depth_mask_set(True)
        shader = gpu.shader.from_builtin(self._SHADER)
        for _, scene, batch in self.shown.values():
            if scene == bpy.context.scene.session_uid:
                batch.draw(shader)
        gpu.state.depth_mask_set(False)
        gpu.state.depth_test_set('NONE')


growing_meshes = GrowingMeshes()
