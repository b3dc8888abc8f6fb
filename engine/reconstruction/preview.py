# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews of a running optimisation: a rendered image and a coarse mesh, every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from .. import camera
from ..core.errors import EngineError
from ..core.staging import staged_file
from ..fields.field import Field, on_cpu
from ..fields.occupancy import Occupancy, dilate
from ..fields.voxel_field import VoxelField, density_of
from ..imaging import save_png
from ..mesh.axes import to_z_up
from ..mesh.surface import extract, solid
from ..mesh.triangles import FloatArray, Triangles
from .extraction import surface_colour

if TYPE_CHECKING:
    from .guidance import Zero123Guidance

EVERY_S = 4.0
"""Seconds between two previews."""
IMAGE_SIZE = 128
"""Side of the image, pixels."""
AZIMUTH_DEG, ELEVATION_DEG = 40.0, 20.0
"""Camera of the image: it shows a side that the photo does not."""
VOXELS = 40**3
"""Voxels of the volume that becomes the mesh, of some thousand faces."""
SURFACE_DENSITY = 8.0
"""Density per world unit at the surface. A fog thinner than twice that has its surface at half its
highest density."""
VISIBLE_DENSITY = 0.05
"""Density per world unit below which nothing can be seen."""
GREY = 0.7
"""Colour of the mesh of a field of latents."""


@dataclass
class Previews:
    """Writes `preview.png` (on white) and `preview.npz` into a folder and announces them.

    The NPZ holds `vertices` (V x 3 float32, Z up, front -Y as after an import of the mesh), their
    unit `normals` (the same), `faces` (F x 3 int32) and `colours` (V x 3 uint8, sRGB). Each file
    replaces the last one as a whole.
    """

    folder: Path
    announce: Callable[[Path], None]
    """Called with each file after it is written."""
    every_s: float = EVERY_S
    """Minimum seconds from the end of one preview to the start of the next."""
    _shown_at: float = field(default_factory=time.monotonic)

    def update(self, field: Field, guidance: Zero123Guidance | None = None) -> None:
        """Show the field if the last preview is old enough.

        A field of latents is drawn by the decoder of its guidance, and its mesh is grey. A preview
        that cannot be written is left out: the job itself may still succeed.
        """
        if time.monotonic() - self._shown_at < self.every_s:
            return
        field = on_cpu(field)
        grid = field.as_grid(field.voxel_grid.with_voxel_count(VOXELS))
        mesh = coarse_mesh(grid)
        if mesh is not None:
            with suppress(OSError, EngineError):
                save_mesh(self.folder / "preview.npz", mesh, field)
                self.announce(self.folder / "preview.npz")
                save_png(self.folder / "preview.png", draw(field, visible_voxels(grid), guidance))
                self.announce(self.folder / "preview.png")
        self._shown_at = time.monotonic()  # after the work, to spare slow machines

    def show_mesh(self, mesh: Triangles, colours: FloatArray) -> None:
        """Show a mesh that needs no field. `colours`: V x 3 in [0, 1], sRGB."""
        with suppress(OSError):
            write_mesh(self.folder / "preview.npz", mesh, mesh.vertex_normals, colours)
            self.announce(self.folder / "preview.npz")


@torch.no_grad()
def coarse_mesh(grid: VoxelField) -> Triangles | None:
    """A closed mesh of roughly the object; None if the field is still empty."""
    density = density_of(grid.raw[0, 0]).numpy()
    iso_value = min(SURFACE_DENSITY, float(density.max()) / 2)
    if iso_value < VISIBLE_DENSITY:
        return None
    return extract(solid(density, iso_value), iso_value, grid.voxel_grid.low,
                   grid.voxel_grid.voxel_size)


@torch.no_grad()
def visible_voxels(grid: VoxelField) -> Occupancy:
    """The voxels that can be seen, dilated by one voxel."""
    seen = density_of(grid.raw[0, 0]) > VISIBLE_DENSITY
    return Occupancy(dilate(seen, 1), grid.voxel_grid)


@torch.no_grad()
def draw(field: Field, occupancy: Occupancy,
         guidance: Zero123Guidance | None = None) -> np.ndarray:
    """The field on white, seen from a side: S x S x 3 float32 in [0, 1]."""
    # These import diffusers, which takes seconds: the first preview, a mesh, must not wait for it.
    from ..diffusion.memory_fallbacks import as_memory_allows
    from .guidance import Cameras, as_images, render_images
    from .sjc import background_latent, latents_of

    cameras = Cameras(*(torch.tensor([value]) for value in (
        AZIMUTH_DEG, ELEVATION_DEG, camera.DEFAULT_RADIUS)))
    if field.latent_channels and guidance is not None:
        pipeline = guidance.pipeline
        seen = render_images(field, cameras, pipeline.unet.config.sample_size, occupancy)
        latents = latents_of(seen, background_latent(guidance))
        rgb = as_memory_allows(pipeline.save_memory, lambda: pipeline.decode(
            latents.to(pipeline.execution_device)).cpu())
    else:
        seen = render_images(field, cameras, IMAGE_SIZE, occupancy)
        rgb = as_images(seen.rgb + (1 - seen.alpha[:, None]), 1)
    return rgb[0].permute(1, 2, 0).clamp(0, 1).numpy()


def save_mesh(path: Path, mesh: Triangles, field: Field) -> None:
    """Write the NPZ file that `Previews` describes, complete or not at all."""
    normals = mesh.vertex_normals
    if field.latent_channels:
        colours = np.full(mesh.vertices.shape, GREY)
    else:
        colours = surface_colour(field)(mesh.vertices, normals)
    write_mesh(path, mesh, normals, colours)


def write_mesh(path: Path, mesh: Triangles, normals: FloatArray, colours: FloatArray) -> None:
    """Write the NPZ file that `Previews` describes. `colours`: V x 3 in [0, 1], sRGB."""
    with staged_file(path) as stage:
        np.savez(stage, vertices=to_z_up(mesh.vertices).astype(np.float32),
                 normals=to_z_up(normals).astype(np.float32),
                 faces=mesh.faces.astype(np.int32),
                 colours=(colours * 255).round().astype(np.uint8))
