# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views to mesh: hull, fit, surface, unwrap, texture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..diffusion import Zero123Pipeline
from ..fields.field import Field
from ..fields.rays import focal_ndc
from ..fields.voxel_grid import cube
from ..imaging.view_set import ViewSet
from ..jobs.sampling import tell_fewer
from ..mesh.photo import Photo
from ..mesh.textured import TexturedMesh
from .checkpoint import Checkpoint, Checkpoints
from .clock import Clock
from .extraction import textured
from .fit import CPU, RAYS_PER_STEP, SEEN, Pictures, fit_field, hull_of
from .guidance import BlindGuide, Guide
from .hull import voxel_grid_around
from .memory import require_memory
from .preview import Previews
from .score import (
    fit_by_distillation,
    fit_by_jacobian,
    fit_by_semantics,
    rays_of_a_step,
    refined,
)
from .trainer import OnStep

PHOTO_WEIGHT = 3.0
"""How much the input picture counts against a generated view."""
USABLE_COVER = (1e-4, 0.95)
"""Share of a picture that its object covers, or there is no silhouette to work with."""

FINEST = 1.0
"""Size of the smallest voxel, in pixels: finer ones are held by little, and come out ragged."""
VIEWS_ITERATIONS = 300
SCORE_METHODS = {"sds": (fit_by_distillation, 600), "sjc": (fit_by_jacobian, 10000),
                 "sjc-i": (fit_by_jacobian, 10000), "dietnerf": (fit_by_semantics, 3000)}
"""Each with the original's number of steps; DietNeRF's is for a network that learns slowly."""
BLIND = ("sjc-i",)
"""Methods whose model isn't told the cameras."""

FloatArray = npt.NDArray[np.floating]


@dataclass
class Reconstruction:
    """A mesh and how long each stage took."""

    mesh: TexturedMesh
    stages: list[dict[str, Any]] = field(default_factory=list)
    """In order, {"name": str, "seconds": float}."""
    unet_evaluations: int = 0
    """Rows that went through the UNet during the reconstruction itself."""


def reconstruct(views: ViewSet, *, photo: FloatArray | None = None,
                input_elevation_deg: float = 0.0, input_radius: float = camera.DEFAULT_RADIUS,
                resolution: int = 96, iterations: int = 0, faces: int = 20000,
                texture_size: int = 1024, seed: int = 0, refine: int = 0,
                guidance_scale: float = 0.0, representation: str = "voxels",
                pipeline: Zero123Pipeline | None = None, device: torch.device = CPU,
                checkpoints: Checkpoints | None = None, previews: Previews | None = None,
                reporter: Reporter | None = None) -> Reconstruction:
    """A textured mesh of the object that the views show.

    `photo` is the input picture, S x S x 4 in [0, 1] with straight alpha, seen from azimuth 0,
    `input_elevation_deg` and `input_radius`: it is fitted with the views, counts more than they
    do, and colours the side it sees. `resolution`: the box around the object is divided into as
    many voxels as a cube with this number along each side has. `iterations`: 0 is the default
    number. `faces`: the most triangles. `representation`: what the field is made of, "voxels" or
    "hash". `refine`: steps of score distillation at small noise after the
    fit; they need `pipeline` and `photo`, and use `guidance_scale` (0: the method's, or none for a
    model that is made for none). `checkpoints`: where a stopped run is kept and goes on from;
    `previews`: where a running one is shown. `device`: of the field while it is optimised. The same
    arguments give the same mesh on the CPU, in one go or not.

    Raises:
        EngineError: `BAD_INPUT` if the views show no object or none they agree on, or if there is
            nothing to refine with; `OUT_OF_MEMORY` if the memory would not suffice.
        JobCancelled: from the reporter.
    """
    reporter = reporter or SilentReporter()
    clock = Clock(reporter)
    threads = torch.get_num_threads()
    iterations = iterations or VIEWS_ITERATIONS
    photo_view = None if photo is None else _photo_view(
        photo, views.fov_deg, input_elevation_deg, input_radius)
    if refine and (pipeline is None or photo_view is None):
        raise EngineError(ErrorCode.BAD_INPUT, "refining needs the input picture and a model",
                          "give the picture, or leave out the refinement")
    rays = RAYS_PER_STEP
    if refine and pipeline is not None:
        rays += rays_of_a_step("refine", pipeline)
    require_memory(resolution, faces, texture_size, rays if representation == "hash" else 0)
    evaluations = 0
    generator = torch.Generator().manual_seed(seed)
    with _one_thread():
        with clock.stage("hull"):
            pictures = _pictures(views, photo_view, reporter)
            hull = hull_of(pictures, cube(resolution))
            hull = hull_of(pictures, voxel_grid_around(
                hull, resolution**3, FINEST * SEEN / pictures.rgba.shape[1]))
        with clock.stage("fit", steps=iterations):
            fit = fit_field(
                pictures, hull, representation=representation, iterations=iterations,
                generator=generator, device=device,
                checkpoint=_checkpoint(checkpoints, "fit"),
                on_step=_on_step("fit", reporter, previews))
        if refine and pipeline is not None and photo_view is not None:
            with clock.stage("refine", steps=refine):
                scored = refined(
                    fit, _guide(pipeline, photo_view, input_elevation_deg, input_radius, reporter),
                    photo_pictures(photo_view, pipeline.image_size), iterations=refine,
                    guidance_scale=guidance_scale, threads=threads, generator=generator,
                    device=device, checkpoint=_checkpoint(checkpoints, "refine"),
                    on_step=_on_step("refine", reporter, previews))
            fit, evaluations = scored.fit, scored.unet_evaluations
        mesh = textured(fit, photo_view, faces, texture_size, clock)
    return Reconstruction(mesh, clock.stages, evaluations)


def reconstruct_by_score(pipeline: Zero123Pipeline, photo: FloatArray, *, method: str = "sds",
                         input_elevation_deg: float = 0.0,
                         input_radius: float = camera.DEFAULT_RADIUS, resolution: int = 96,
                         iterations: int = 0, faces: int = 20000, texture_size: int = 1024,
                         seed: int = 0, guidance_scale: float = 0.0,
                         representation: str = "voxels", device: torch.device = CPU,
                         checkpoints: Checkpoints | None = None, previews: Previews | None = None,
                         reporter: Reporter | None = None) -> Reconstruction:
    """A textured mesh from the input picture and what the model finds likely around it.

    `method`: "sds" (score distillation, DreamFusion) or "sjc" (Score Jacobian Chaining, the
    paper's); or a baseline of the paper, "sjc-i" (the same by a model that knows no cameras: a
    `UnposedPipeline`, or a Zero123 model that isn't told them) or "dietnerf" (CLIP's view of
    random renderings, by the pipeline's image encoder). `photo`: S x S x 4 in [0, 1], straight
    alpha. 0 iterations: as many as the original; 0 guidance scale: the original's, or none for a
    model that is made for none. Other arguments as in `reconstruct`.

    Raises:
        EngineError: `BAD_INPUT` if the picture shows no object, or the field ends empty;
            `OUT_OF_MEMORY` if the memory would not suffice.
        JobCancelled: from the reporter.
    """
    reporter = reporter or SilentReporter()
    clock = Clock(reporter)
    require_memory(resolution, faces, texture_size,
                   rays_of_a_step(method, pipeline) if representation == "hash" else 0)
    photo_view = _photo_view(photo, camera.FOV_DEG, input_elevation_deg, input_radius)
    threads = torch.get_num_threads()
    fit_method, default_iterations = SCORE_METHODS[method]
    iterations = iterations or default_iterations
    generator = torch.Generator().manual_seed(seed)
    guide = _guide(pipeline, photo_view, input_elevation_deg, input_radius, reporter)
    if method in BLIND:
        guide = BlindGuide(guide.pipeline, guide.condition, guide.input_elevation_deg,
                           guide.input_radius, generator, on_halved=guide.on_halved)
    with _one_thread():
        with clock.stage(method, steps=iterations):
            scored = fit_method(
                guide, photo_pictures(photo_view, pipeline.image_size), resolution=resolution,
                iterations=iterations, guidance_scale=guidance_scale,
                representation=representation, threads=threads, generator=generator,
                device=device, checkpoint=_checkpoint(checkpoints, method),
                on_step=_on_step(method, reporter, previews, guide))
        mesh = textured(scored.fit, photo_view, faces, texture_size, clock)
    return Reconstruction(mesh, clock.stages, scored.unet_evaluations)


def _guide(pipeline: Zero123Pipeline, photo: Photo, elevation_deg: float, radius: float,
           reporter: Reporter) -> Guide:
    alpha = photo.rgba[..., 3:]
    return Guide.of(pipeline, photo.rgba[..., :3] * alpha + (1 - alpha), elevation_deg, radius,
                    lambda views: tell_fewer(views, reporter))


def photo_pictures(photo: Photo, size: int) -> Pictures:
    """The input picture alone, as something to fit, at size x size pixels."""
    cover = float((photo.rgba[..., 3] > 0.5).mean())
    if not USABLE_COVER[0] < cover < USABLE_COVER[1]:
        raise _no_silhouette("the picture's mask shows", cover)
    return Pictures(_resized(photo, size), torch.from_numpy(photo.camera_to_world).float()[None],
                    camera.FOV_DEG, torch.ones(1), torch.ones(1, dtype=torch.bool))


def _photo_view(photo: FloatArray, fov_deg: float, elevation_deg: float, radius: float) -> Photo:
    return Photo(np.asarray(photo, np.float32), camera.camera_to_world(0.0, elevation_deg, radius),
                 focal_ndc(fov_deg))


def _resized(photo: Photo, size: int) -> torch.Tensor:
    """1 x size x size x 4, premultiplied."""
    rgba = _premultiplied(photo.rgba[None]).permute(0, 3, 1, 2)
    resized = F.interpolate(rgba, (size, size), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1).clamp(0, 1)


def _no_silhouette(what: str, cover: float) -> EngineError:
    shown = "nothing" if cover <= USABLE_COVER[0] else "no background"
    return EngineError(ErrorCode.BAD_INPUT, f"{what} {shown}",
                       "the alpha channel must be 1 on the object and 0 around it")


def _pictures(views: ViewSet, photo: Photo | None, reporter: Reporter) -> Pictures:
    """The usable views, and the photo at their size."""
    cover = (views.images[..., 3] > 0.5).mean(axis=(1, 2))
    usable = (cover > USABLE_COVER[0]) & (cover < USABLE_COVER[1])
    if not usable.any():
        raise _no_silhouette("the views' masks show", cover.max())
    if not usable.all():
        bad = ", ".join(str(i) for i in np.nonzero(~usable)[0])
        reporter.log("warning", f"views without an object or without background left out: {bad}")
    rgba = torch.from_numpy(views.images[usable])
    matrices = torch.from_numpy(views.camera_to_world[usable]).float()
    weight = torch.ones(len(rgba))
    if photo is not None:
        rgba = torch.cat([rgba, _resized(photo, rgba.shape[1])])
        matrices = torch.cat([matrices, torch.from_numpy(photo.camera_to_world).float()[None]])
        weight = torch.cat([weight, torch.tensor([PHOTO_WEIGHT])])
    return Pictures(rgba, matrices, views.fov_deg, weight, trusted=weight == PHOTO_WEIGHT)


def _premultiplied(rgba: FloatArray) -> torch.Tensor:
    picture = torch.from_numpy(np.ascontiguousarray(rgba, dtype=np.float32))
    return torch.cat([picture[..., :3] * picture[..., 3:], picture[..., 3:]], dim=-1)


def _on_step(stage: str, reporter: Reporter, previews: Previews | None,
             guide: Guide | None = None) -> OnStep:
    """Progress, and a preview now and then."""
    def on_step(done: int, total: int, field: Field) -> None:
        reporter.progress(stage, done, total)
        if previews:
            previews.update(field, guide)

    return on_step


def _checkpoint(checkpoints: Checkpoints | None, stage: str) -> Checkpoint | None:
    return None if checkpoints is None else checkpoints.of(stage)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The renderer's many small operations run fastest, and always alike, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
