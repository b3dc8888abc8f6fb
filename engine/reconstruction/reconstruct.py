# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconstruction methods: from views or a photo to a textured mesh."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..fields.voxel_grid import cube
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo
from ..mesh.textured import TexturedMesh
from .extraction import textured_mesh
from .fit import Fit, fit_field, hull_of
from .guidance import UnposedGuidance, Zero123Guidance
from .hull import Hull, voxel_grid_around
from .memory import require_memory
from .photometric import PhotometricConfig
from .posed_images import (
    FRAME_SIZE,
    PosedImages,
    image_of_photo,
    images_of_views,
    input_photo,
)
from .score import (
    ScoredFit,
    ScoreMethod,
    ScoreTask,
    fit_by_distillation,
    fit_by_jacobian,
    fit_by_semantics,
    max_rays_per_step,
    refine,
)
from .settings import ReconstructionSettings, RunContext, single_thread

MIN_VOXEL_PIXELS = 1.0
"""Minimum size of a voxel in pixels of the views: the images constrain smaller ones too little, and
surfaces come out ragged."""
VIEWS_ITERATIONS = 300
"""Default number of optimisation steps of a fit to views."""
SCORE_METHODS: dict[str, tuple[ScoreMethod, int]] = {
    "sds": (fit_by_distillation, 600), "sjc": (fit_by_jacobian, 10000),
    "sjc-i": (fit_by_jacobian, 10000), "dietnerf": (fit_by_semantics, 3000)}
"""Each with its default number of steps: the originals' for SDS (threestudio) and SJC
(run_zero123.py); DietNeRF's is for a voxel grid, its original is a network that learns slowly."""
UNPOSED_METHODS = ("sjc-i",)
"""Methods whose model is not told the cameras."""

FloatArray = npt.NDArray[np.floating]


@dataclass
class Reconstruction:
    """A mesh and how it was made."""

    mesh: TexturedMesh
    stages: list[dict[str, Any]] = field(default_factory=list)
    """In order, {"name": str, "seconds": float}."""
    unet_evaluations: int = 0
    """UNet evaluations during the reconstruction itself."""


def reconstruct(views: ViewSet, settings: ReconstructionSettings | None = None,
                context: RunContext | None = None,
                photo: FloatArray | None = None) -> Reconstruction:
    """A textured mesh of the object that views show.

    `photo`: the input photo, S x S x 4 in [0, 1] with straight alpha, from the camera that the
    settings name. It is fitted together with the views, with a higher weight, and colours what it
    shows. Refinement (`settings.refine`) needs it, and a pipeline in the context.

    Raises:
        EngineError: `BAD_INPUT` if the views show no object or none they agree on, or if there is
            nothing to refine with; `OUT_OF_MEMORY` if the main memory would not suffice.
        JobCancelled: from the context's reporter.
    """
    settings, context = settings or ReconstructionSettings(), context or RunContext()
    photo_view = None if photo is None else _input_photo(photo, views.fov_deg, settings)
    if settings.refine and (context.pipeline is None or photo_view is None):
        raise EngineError(ErrorCode.BAD_INPUT, "refining needs the input image and a model",
                          "give the image, or leave out the refinement")
    _require_memory(settings, PhotometricConfig().rays_per_step + (
        max_rays_per_step("refine", context.pipeline)
        if settings.refine and context.pipeline else 0))
    generator = torch.Generator().manual_seed(settings.seed)
    iterations = settings.iterations or VIEWS_ITERATIONS
    evaluations = 0
    with single_thread():
        with context.clock.stage("hull"):
            images = images_of_views(views, photo_view, context.reporter)
            hull = _hull(images, settings.resolution)
        with context.clock.stage("fit", steps=iterations):
            fit = fit_field(images, hull, settings.representation, iterations,
                            context.training_run("fit", generator), context.device)
        if settings.refine and photo_view is not None:
            scored = _refined(fit, photo_view, settings, context, generator)
            fit, evaluations = scored.fit, scored.unet_evaluations
        mesh = textured_mesh(fit, photo_view, settings.faces, settings.texture_size, context.clock)
    return Reconstruction(mesh, context.clock.stages, evaluations)


def reconstruct_by_score(method: str, photo: FloatArray,
                         settings: ReconstructionSettings | None = None,
                         context: RunContext | None = None) -> Reconstruction:
    """A textured mesh of the photo and of what the context's pipeline finds likely around it.

    `method`: "sds" (score distillation, DreamFusion) or "sjc" (Score Jacobian Chaining, the
    paper's); or a baseline of the paper: "sjc-i" (SJC by a model that knows no cameras, an
    `UnposedPipeline` or a Zero123 model that is not told them) or "dietnerf" (CLIP embeddings of
    random renderings, by the pipeline's image encoder). `photo`: as for `reconstruct`.

    Raises:
        EngineError: `BAD_INPUT` if the photo shows no object, there is no pipeline, or the field
            ends empty; `OUT_OF_MEMORY` if the main memory would not suffice.
        JobCancelled: from the context's reporter.
    """
    settings, context = settings or ReconstructionSettings(), context or RunContext()
    if context.pipeline is None:
        raise EngineError(ErrorCode.BAD_INPUT, f"the method {method} needs a model",
                          "name a model, or use the method direct")
    _require_memory(settings, max_rays_per_step(method, context.pipeline))
    photo_view = _input_photo(photo, camera.FOV_DEG, settings)
    fit_method, default_iterations = SCORE_METHODS[method]
    iterations = settings.iterations or default_iterations
    generator = torch.Generator().manual_seed(settings.seed)
    task = _score_task(photo_view, iterations, settings, context)
    if method in UNPOSED_METHODS:
        task = _unposed(task, generator)
    with single_thread():
        with context.clock.stage(method, steps=iterations):
            scored = fit_method(task, context.training_run(method, generator, task.guidance))
        mesh = textured_mesh(scored.fit, photo_view, settings.faces, settings.texture_size,
                             context.clock)
    return Reconstruction(mesh, context.clock.stages, scored.unet_evaluations)


def _refined(fit: Fit, photo: Photo, settings: ReconstructionSettings, context: RunContext,
             generator: torch.Generator) -> ScoredFit:
    with context.clock.stage("refine", steps=settings.refine):
        task = _score_task(photo, settings.refine, settings, context)
        return refine(fit, task, context.training_run("refine", generator))


def _hull(images: PosedImages, resolution: int) -> Hull:
    """The hull on the voxel grid of the fit: fine voxels where a coarse hull says they matter."""
    coarse = hull_of(images, cube(resolution))
    min_voxel_size = MIN_VOXEL_PIXELS * FRAME_SIZE / images.rgba.shape[1]
    return hull_of(images, voxel_grid_around(coarse, resolution**3, min_voxel_size))


def _require_memory(settings: ReconstructionSettings, rays: int) -> None:
    require_memory(settings.resolution, settings.faces, settings.texture_size,
                   rays if settings.representation == "hash" else 0)


def _input_photo(rgba: FloatArray, fov_deg: float, settings: ReconstructionSettings) -> Photo:
    return input_photo(rgba, fov_deg, settings.input_elevation_deg, settings.input_radius)


def _score_task(photo: Photo, iterations: int, settings: ReconstructionSettings,
                context: RunContext) -> ScoreTask:
    pipeline, reporter = context.pipeline, context.reporter
    assert pipeline is not None
    alpha = photo.rgba[..., 3:]
    guidance = Zero123Guidance.of(
        pipeline, photo.rgba[..., :3] * alpha + (1 - alpha), settings.input_elevation_deg,
        settings.input_radius, lambda views: reporter.log(
            "warning", f"memory is short: continuing with {views} views at a time"))
    return ScoreTask(
        guidance, image_of_photo(photo, pipeline.image_size), settings.resolution, iterations,
        settings.representation, settings.guidance_scale, context.device, context.threads)


def _unposed(task: ScoreTask, generator: torch.Generator) -> ScoreTask:
    """The same task with a model that is not told the cameras."""
    posed = task.guidance
    return replace(task, guidance=UnposedGuidance(
        posed.pipeline, posed.condition, posed.input_elevation_deg, posed.input_radius, generator,
        on_halved=posed.on_halved))
