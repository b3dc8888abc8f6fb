# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extracts a textured mesh from a fitted field."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..fields.field import Field
from ..fields.rays import camera_rays
from ..fields.voxel_field import EMPTY_RAW
from ..mesh.bake import SurfaceColour, bake
from ..mesh.photo import Photo
from ..mesh.surface import mesh_volume
from ..mesh.textured import TexturedMesh
from ..mesh.triangles import FloatArray, Triangles
from ..mesh.unwrap import unwrap
from .clock import Clock
from .fit import Fit, occupancy_of
from .iso_value import choose_iso_value, density_volume, raw_volume
from .outline import fit_to_outline
from .surface_prior import with_prior

COLOUR_STEP = 0.5
"""Distance between the samples that see the field's colour at a surface, voxels."""
COLOUR_SAMPLES = (-3, 6)
"""Range of these samples, in steps along the inward normal: from just outside the surface to the
depth that still contributes to the visible colour."""
COLOUR_CHUNK = 16384
"""Surface points at a time: their samples stay in the processor's cache."""


def textured_mesh(fit: Fit, photo: Photo | None, faces: int, texture_size: int,
                  clock: Clock, continuation: float = 0.0) -> TexturedMesh:
    """The surface of a fitted field, unwrapped and textured.

    `faces`: maximum number of triangles; `texture_size`: pixels. The photo, if there is one,
    colours what it shows. `continuation`: see `engine.mesh.bake`.
    """
    with clock.stage("surface"):
        mesh = extract_mesh(fit, faces, photo)
    return bake_texture(mesh, surface_colour(fit.field), photo, texture_size, clock, continuation)


def bake_texture(mesh: Triangles, colour: SurfaceColour | None, photo: Photo | None,
                 texture_size: int, clock: Clock, continuation: float = 0.0) -> TexturedMesh:
    """A mesh unwrapped and textured, see `engine.mesh.bake`."""
    with clock.stage("unwrap"):
        uv, uv_faces = unwrap(mesh, texture_size)
    with clock.stage("texture"):
        texture = bake(mesh, uv, uv_faces, texture_size, colour, photo, continuation)
    return TexturedMesh(mesh.vertices, mesh.faces, uv, uv_faces, texture)


def surface_colour(radiance: Field) -> SurfaceColour:
    """The colour that a camera in front of a surface point sees of the field around the point."""
    step = radiance.voxel_grid.voxel_size * COLOUR_STEP
    depths = torch.arange(*COLOUR_SAMPLES) * step

    @torch.no_grad()
    def colour(points: FloatArray, normals: FloatArray) -> FloatArray:
        start, direction = (torch.from_numpy(np.asarray(a, np.float32)) for a in (points, normals))
        parts = zip(start.split(COLOUR_CHUNK), direction.split(COLOUR_CHUNK), strict=True)
        return torch.cat([_colour_along(radiance, *part, depths) for part in parts]).numpy()

    return colour


def _colour_along(radiance: Field, start: Tensor, direction: Tensor, depths: Tensor) -> Tensor:
    """The colours (k, 3) that rays against the normals (k, 3) see at equidistant depths below the
    surface points (k, 3): emission and absorption as in `fields.render`.
    """
    along = start - depths[:, None, None] * direction
    density, rgb = radiance(along.reshape(-1, 3))
    absorbed = density.view(len(depths), -1) * (depths[1] - depths[0])
    weight = torch.exp(absorbed - absorbed.cumsum(0)) * -torch.expm1(-absorbed) + 1e-6
    # Samples before points: sums over a short last axis are several times slower.
    seen = (weight * rgb.T.reshape(3, *weight.shape)).sum(1)
    return (seen / weight.sum(0)).T


def extract_mesh(fit: Fit, faces: int, photo: Photo | None = None) -> Triangles:
    """The iso-surface of the field that agrees best with the silhouettes, and with the photo's
    outline exactly.

    A field fitted to images from all around is smooth: its raw densities, which the renderer
    interpolates, give the surface, together with the fit's prior if it had one. A field driven by
    a score and a single photo is speckled: its densities, smoothed, keep the speckles together.
    """
    occupancy = occupancy_of(fit.hull)
    grid = fit.field.as_grid()
    images = fit.images.believed().sharp_for(grid.voxel_grid)
    rays = camera_rays(images.camera_to_world, images.rgba.shape[1], images.fov_deg,
                       grid.voxel_grid)
    raw = torch.where(occupancy.voxels, grid.raw.detach()[0, 0], EMPTY_RAW)
    volume = raw_volume(raw) if len(images.rgba) > 1 else density_volume(raw)
    opacity = images.rgba[..., 3].reshape(-1)
    iso_value = choose_iso_value(volume, rays, opacity, occupancy)
    if fit.prior is not None and photo is not None:
        volume = with_prior(volume, iso_value, grid.voxel_grid, fit.prior, photo)
        iso_value = choose_iso_value(volume, rays, opacity, occupancy)
    # The smaller of both values puts the surface exactly at the z bounds.
    depth = fit.z_bounds.depth(grid.voxel_grid.axis(2)).clamp_max(1.0).numpy()
    values = np.minimum(volume.values.numpy(), iso_value * (1 + depth / grid.voxel_grid.voxel_size))
    if photo is not None:
        values = fit_to_outline(values, iso_value, grid.voxel_grid, photo)
    return mesh_volume(values, iso_value, grid.voxel_grid.low, grid.voxel_grid.voxel_size, faces)
