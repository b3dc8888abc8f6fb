# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intermediate meshes of running reconstructions, drawn in the 3D View.

They are drawn and not added to the file, so undo, saving and loading do not affect them.
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
"""Direction towards the light in world space; it need not be normalised."""
AMBIENT = 0.45
"""Factor of the colour where no light falls, 0 to 1."""


@dataclass(frozen=True)
class PreviewMesh:
    """A mesh that is ready to be drawn."""

    vertices: np.ndarray
    """V x 3 float32, world."""
    faces: np.ndarray
    """F x 3 int32."""
    colours: np.ndarray
    """V x 4 float32: shaded sRGB colour, alpha 1."""


def read_preview(path: Path) -> PreviewMesh | None:
    """The mesh of a preview file; None if it is gone or is being replaced."""
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
    return PreviewMesh(np.ascontiguousarray(vertices), np.ascontiguousarray(faces), colours)


class PreviewMeshes:
    """The meshes of running jobs that the 3D View shows."""

    _SHADER: ClassVar[str] = 'SMOOTH_COLOR'

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, int, Any]] = {}
        """Job id to (number of the preview, scene's session_uid, GPU batch)."""
        self._handle: Any = None

    def update(self, jobs: Iterable[Job]) -> bool:
        """Add new previews and remove those of ended jobs. Returns whether anything changed."""
        if bpy.app.background:
            return False
        running = {job.id: job for job in jobs if job.preview and not job.state.ended}
        changed = bool(set(self.shown) - set(running))
        self.shown = {job: entry for job, entry in self.shown.items() if job in running}
        for job in running.values():
            if job.id in self.shown and self.shown[job.id][0] == job.preview_count:
                continue
            if job.preview and (mesh := read_preview(job.preview)):
                self.shown[job.id] = (job.preview_count, job.scene_uid, self._batch(mesh))
                changed = True
        self._draw_if(bool(self.shown))
        return changed

    def clear(self) -> None:
        """Remove all meshes."""
        self.shown = {}
        self._draw_if(False)

    def _batch(self, mesh: PreviewMesh) -> Any:
        import gpu
        from gpu_extras.batch import batch_for_shader

        return batch_for_shader(
            gpu.shader.from_builtin(self._SHADER), 'TRIS',
            {"pos": mesh.vertices, "color": mesh.colours}, indices=mesh.faces)

    def _draw_if(self, wanted: bool) -> None:
        """Register the draw handler only while there is something to draw."""
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
