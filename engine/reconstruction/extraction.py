# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fitted field to a textured mesh: surface, UVs, texture."""

from __future__ import annotations

import numpy as np
import torch

from ..fields.field import Field
from ..fields.rays import camera_rays
from ..fields.render import render_weights
from ..fields.voxel_field import EMPTY_RAW
from ..mesh.bake import SurfaceColour, bake
from ..mesh.photo import Photo
from ..mesh.surface import mesh_volume
from ..mesh.textured import TexturedMesh
from ..mesh.triangles import FloatArray, Triangles
from ..mesh.unwrap import unwrap
from .clock import Clock
from .fit import Fit, occupancy_of
from .iso_value import choose_level, density_volume, raw_volume


def textured(fit: Fit, photo: Photo | None, faces: int, texture_size: int,
             clock: Clock) -> TexturedMesh:
    """Surface, UVs and texture of a fitted field."""
    with clock.stage("surface"):
        mesh = surface(fit, faces)
    with clock.stage("unwrap"):
        uv, uv_faces = unwrap(mesh, texture_size)
    with clock.stage("texture"):
        texture = bake(mesh, uv, uv_faces, texture_size, surface_colour(fit.field), photo)
    return TexturedMesh(mesh.vertices, mesh.faces, uv, uv_faces, texture)


def surface_colour(radiance: Field) -> SurfaceColour:
    """What a camera in front of a surface point would see of the field just around it."""
    step = radiance.voxel_grid.voxel_size * 0.5
    # From just outside the surface to the depth that light still returns from.
    depths = torch.arange(-3, 6) * step

    @torch.no_grad()
    def colour(points: FloatArray, normals: FloatArray) -> FloatArray:
        start, direction = (torch.from_numpy(np.asarray(a, np.float32)) for a in (points, normals))
        along = start[:, None] - depths[:, None] * direction[:, None]
        ray = torch.repeat_interleave(torch.arange(len(points)), len(depths))
        density, rgb = radiance(along.reshape(-1, 3))
        weight = render_weights(density, ray, step).reshape(along.shape[:2]) + 1e-6
        rgb = rgb.reshape(along.shape)
        return ((weight[..., None] * rgb).sum(1) / weight.sum(1, keepdim=True)).numpy()

    return colour


def surface(fit: Fit, faces: int) -> Triangles:
    """The mesh of the field at the level that agrees best with the silhouettes.

    A field that pictures hold all round is smooth, and its surface lies where the renderer has it.
    One that a score has made out of a single picture is speckled, and keeps its specks together.
    """
    occupancy = occupancy_of(fit.hull)
    grid = fit.field.as_grid()
    pictures = fit.pictures.sharp_for(grid.voxel_grid)
    rays = camera_rays(pictures.camera_to_world, pictures.rgba.shape[1], pictures.fov_deg,
                       grid.voxel_grid)
    raw = torch.where(occupancy.voxels, grid.raw.detach()[0, 0], EMPTY_RAW)
    volume = raw_volume(raw) if len(pictures.rgba) > 1 else density_volume(raw)
    level = choose_level(volume, rays, pictures.rgba[..., 3].reshape(-1), occupancy)
    # Of the smallest of these, the surface lies exactly at the ends.
    depth = fit.ends.depth(grid.voxel_grid.axis(2)).clamp_max(1.0).numpy()
    values = np.minimum(volume.values.numpy(), level * (1 + depth / grid.voxel_grid.voxel_size))
    return mesh_volume(values, level, grid.voxel_grid.low, grid.voxel_grid.voxel_size, faces)
