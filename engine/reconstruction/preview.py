# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running optimisation looks like: a rendered picture and a coarse mesh, now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .. import camera
from ..core.errors import EngineError
from ..core.staging import staged_file
from ..diffusion.memory_fallbacks import as_memory_allows
from ..fields.field import Field, on_cpu
from ..fields.occupancy import Occupancy
from ..fields.voxel_field import VoxelField, density_of
from ..imaging import save_png
from ..mesh.axes import to_z_up
from ..mesh.surface import extract, solid
from ..mesh.triangles import Triangles
from .extraction import surface_colour
from .guidance import Cameras, Guide, as_pictures, take_pictures
from .sjc import background_latent, latents_of

EVERY_S = 4.0
PICTURE_SIZE = 128
AZIMUTH_DEG, ELEVATION_DEG = 40.0, 20.0
"""The picture shows a side that the input picture doesn't."""
VOXELS = 40**3
"""Of the volume that becomes the mesh: some thousand faces."""
LEVEL = 8.0
"""Density at the surface; a fog thinner than twice that has it at half its highest density."""
OCCUPIED = 0.05
"""Density below which nothing can be seen."""
GREY = 0.7


@dataclass
class Previews:
    """Writes `preview.png` (on white) and `preview.npz` into a folder and tells of them.

    The NPZ holds `vertices` (V x 3 float32, Z up, front -Y as after an import of the mesh), their
    unit `normals` (the same), `faces` (F x 3 int32) and `colours` (V x 3 uint8, sRGB). Each file
    replaces the last one as a whole.
    """

    folder: Path
    tell: Callable[[Path], None]
    every_s: float = EVERY_S
    _shown_at: float = field(default_factory=time.monotonic)

    def update(self, field: Field, guide: Guide | None = None) -> None:
        """Show the field if the last time is long enough ago.

        A field of latents is drawn by its guide's decoder, and its mesh is grey. A preview that
        can't be written is left out: the job itself may well succeed.
        """
        if time.monotonic() - self._shown_at < self.every_s:
            return
        field = on_cpu(field)
        grid = field.as_grid(field.voxel_grid.with_voxel_count(VOXELS))
        mesh = coarse_mesh(grid)
        if mesh is not None:
            with suppress(OSError, EngineError):
                save_mesh(self.folder / "preview.npz", mesh, field)
                self.tell(self.folder / "preview.npz")
                save_png(self.folder / "preview.png", draw(field, occupied(grid), guide))
                self.tell(self.folder / "preview.png")
        self._shown_at = time.monotonic()  # after the work: a slow machine isn't kept busy with it


@torch.no_grad()
def coarse_mesh(grid: VoxelField) -> Triangles | None:
    """A closed mesh of about where the object is; None as long as there is nothing."""
    density = density_of(grid.raw[0, 0]).numpy()
    level = min(LEVEL, float(density.max()) / 2)
    if level < OCCUPIED:
        return None
    return extract(solid(density, level), level, grid.voxel_grid.low, grid.voxel_grid.voxel_size)


@torch.no_grad()
def occupied(grid: VoxelField) -> Occupancy:
    """Where there is something to be seen, and one voxel more."""
    seen = density_of(grid.raw[0, 0]) > OCCUPIED
    larger = F.max_pool3d(seen[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
    return Occupancy(larger, grid.voxel_grid)


@torch.no_grad()
def draw(field: Field, occupancy: Occupancy, guide: Guide | None = None) -> np.ndarray:
    """S x S x 3 float32 in [0, 1]: the field on white, half from the side."""
    cameras = Cameras(*(torch.tensor([value]) for value in (
        AZIMUTH_DEG, ELEVATION_DEG, camera.DEFAULT_RADIUS)))
    if field.latent_channels and guide is not None:
        pipeline = guide.pipeline
        seen = take_pictures(field, cameras, pipeline.unet.config.sample_size, occupancy)
        latents = latents_of(seen, background_latent(guide))
        rgb = as_memory_allows(pipeline.save_memory, lambda: pipeline.decode(
            latents.to(pipeline.execution_device)).cpu())
    else:
        seen = take_pictures(field, cameras, PICTURE_SIZE, occupancy)
        rgb = as_pictures(seen.rgb + (1 - seen.alpha[:, None]), 1)
    return rgb[0].permute(1, 2, 0).clamp(0, 1).numpy()


def save_mesh(path: Path, mesh: Triangles, field: Field) -> None:
    """Write the NPZ that `Previews` describes, complete or not at all."""
    normals = mesh.vertex_normals
    if field.latent_channels:
        colours = np.full(mesh.vertices.shape, GREY)
    else:
        colours = surface_colour(field)(mesh.vertices, normals)
    with staged_file(path) as stage:
        np.savez(stage, vertices=to_z_up(mesh.vertices).astype(np.float32),
                 normals=to_z_up(normals).astype(np.float32),
                 faces=mesh.faces.astype(np.int32),
                 colours=(colours * 255).round().astype(np.uint8))
