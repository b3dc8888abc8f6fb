# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views to mesh: hull, fit, surface, unwrap, texture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy import ndimage

from .. import camera
from ..fields.rays import camera_rays, focal_ndc
from ..fields.render import absorption_weights
from ..fields.voxel import VoxelField, density_of
from ..mesh.bake import Photo, SurfaceColour, bake
from ..mesh.surface import mesh_volume
from ..mesh.textured import TexturedMesh
from ..mesh.triangles import Triangles
from ..mesh.unwrap import unwrap
from ..protocol import EngineError, ErrorCode
from ..reporting import Reporter, SilentReporter
from ..viewset import ViewSet
from .fit import Fit, Pictures, fit_field, hull_of, occupancy_of
from .level import choose_level

PHOTO_WEIGHT = 3.0
"""How much the input picture counts against a generated view."""
SMOOTHING_SIGMA = 0.8
"""Of the density before marching cubes, in voxels: removes speckle, keeps edges."""
USABLE_COVER = (1e-4, 0.95)
"""Share of a picture that its object covers, or there is no silhouette to work with."""

FloatArray = npt.NDArray[np.floating]


@dataclass
class Reconstruction:
    """A mesh and how long each stage took."""

    mesh: TexturedMesh
    stages: list[dict[str, Any]] = field(default_factory=list)
    """In order, {"name": str, "seconds": float}."""


def reconstruct(views: ViewSet, *, photo: FloatArray | None = None,
                input_elevation_deg: float = 0.0, input_radius: float = camera.DEFAULT_RADIUS,
                resolution: int = 96, iterations: int = 300, faces: int = 20000,
                texture_size: int = 1024, seed: int = 0,
                reporter: Reporter | None = None) -> Reconstruction:
    """A textured mesh of the object that the views show.

    `photo` is the input picture, S x S x 4 in [0, 1] with straight alpha, seen from azimuth 0,
    `input_elevation_deg` and `input_radius`: it is fitted with the views, counts more than they
    do, and colours the side it sees. `resolution` is the voxels along each side of the field,
    `faces` the most triangles. The same arguments give the same mesh on the CPU.

    Raises:
        EngineError: `BAD_INPUT` if the views show no object or none they agree on.
        JobCancelled: from the reporter.
    """
    reporter = reporter or SilentReporter()
    clock = _Clock(reporter)
    photo_view = None if photo is None else _photo_view(
        views, photo, input_elevation_deg, input_radius)
    with _one_thread():
        with clock.stage("hull"):
            pictures = _pictures(views, photo_view, reporter)
            hull = hull_of(pictures, resolution)
        with clock.stage("fit", steps=iterations):
            fit = fit_field(
                pictures, hull, iterations=iterations,
                generator=torch.Generator().manual_seed(seed),
                on_step=lambda done, total: reporter.progress("fit", done, total))
        with clock.stage("surface"):
            mesh = _surface(fit, faces)
        with clock.stage("unwrap"):
            uv, uv_faces = unwrap(mesh, texture_size)
        with clock.stage("texture"):
            texture = bake(mesh, uv, uv_faces, texture_size, surface_colour(fit.field), photo_view)
    return Reconstruction(TexturedMesh(mesh.vertices, mesh.faces, uv, uv_faces, texture),
                          clock.stages)


def surface_colour(radiance: VoxelField) -> SurfaceColour:
    """What a camera in front of a surface point would see of the field just around it."""
    step = radiance.voxel_size * 0.5
    # From just outside the surface to the depth that light still returns from.
    depths = torch.arange(-3, 6) * step

    @torch.no_grad()
    def colour(points: FloatArray, normals: FloatArray) -> FloatArray:
        start, direction = (torch.from_numpy(np.asarray(a, np.float32)) for a in (points, normals))
        along = start[:, None] - depths[:, None] * direction[:, None]
        ray = torch.repeat_interleave(torch.arange(len(points)), len(depths))
        density, rgb = radiance(along.reshape(-1, 3))
        weight = absorption_weights(density, ray, step).reshape(along.shape[:2]) + 1e-6
        rgb = rgb.reshape(along.shape)
        return ((weight[..., None] * rgb).sum(1) / weight.sum(1, keepdim=True)).numpy()

    return colour


def _photo_view(views: ViewSet, photo: FloatArray, elevation_deg: float, radius: float) -> Photo:
    return Photo(np.asarray(photo, np.float32), camera.camera_to_world(0.0, elevation_deg, radius),
                 focal_ndc(views.fov_deg))


def _pictures(views: ViewSet, photo: Photo | None, reporter: Reporter) -> Pictures:
    """The usable views, and the photo at their size."""
    cover = (views.images[..., 3] > 0.5).mean(axis=(1, 2))
    usable = (cover > USABLE_COVER[0]) & (cover < USABLE_COVER[1])
    if not usable.any():
        what = "nothing" if cover.max() <= USABLE_COVER[0] else "no background"
        raise EngineError(ErrorCode.BAD_INPUT, f"the views' masks show {what}",
                          "the alpha channel must be 1 on the object and 0 around it")
    if not usable.all():
        bad = ", ".join(str(i) for i in np.nonzero(~usable)[0])
        reporter.log("warning", f"views without an object or without background left out: {bad}")
    rgba = _premultiplied(views.images[usable])
    matrices = torch.from_numpy(views.camera_to_world[usable]).float()
    weight = torch.ones(len(rgba))
    if photo is not None:
        size = rgba.shape[1]
        resized = F.interpolate(_premultiplied(photo.rgba[None]).permute(0, 3, 1, 2), (size, size),
                                mode="bilinear", antialias=True).permute(0, 2, 3, 1)
        rgba = torch.cat([rgba, resized.clamp(0, 1)])
        matrices = torch.cat([matrices, torch.from_numpy(photo.camera_to_world).float()[None]])
        weight = torch.cat([weight, torch.tensor([PHOTO_WEIGHT])])
    return Pictures(rgba, matrices, views.fov_deg, weight, trusted=weight == PHOTO_WEIGHT)


def _premultiplied(rgba: FloatArray) -> torch.Tensor:
    picture = torch.from_numpy(np.ascontiguousarray(rgba, dtype=np.float32))
    return torch.cat([picture[..., :3] * picture[..., 3:], picture[..., 3:]], dim=-1)


def _surface(fit: Fit, faces: int) -> Triangles:
    """The mesh of the field's density at the level that agrees best with the silhouettes."""
    occupancy = occupancy_of(fit.hull)
    density = density_of(fit.field.raw.detach()[0, 0]).numpy()
    density = np.where(occupancy.voxels.numpy(), density, 0.0)
    density = ndimage.gaussian_filter(density, SMOOTHING_SIGMA).astype(np.float32)
    pictures = fit.pictures.shrunk(fit.field.resolution * 4 // 3)
    rays = camera_rays(pictures.camera_to_world, pictures.rgba.shape[1], pictures.fov_deg,
                       fit.field.half_extent)
    level = choose_level(torch.from_numpy(density), rays, pictures.rgba[..., 3].reshape(-1),
                         occupancy)
    return mesh_volume(density, level, fit.field.half_extent, faces)


class _Clock:
    """Times the stages and reports the short ones, which have no steps of their own."""

    def __init__(self, reporter: Reporter) -> None:
        self.stages: list[dict[str, Any]] = []
        self._reporter = reporter

    @contextmanager
    def stage(self, name: str, steps: int = 0) -> Iterator[None]:
        if not steps:
            self._reporter.progress(name, 0, 1)
        start = time.perf_counter()
        yield
        self.stages.append({"name": name, "seconds": round(time.perf_counter() - start, 3)})
        if not steps:
            self._reporter.progress(name, 1, 1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The renderer's many small operations run fastest, and always alike, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
