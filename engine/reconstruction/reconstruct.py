# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconstruction methods, which make a textured mesh from views or a photo."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..fields.field import Field
from ..fields.voxel_grid import VoxelGrid, cube
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo
from ..mesh.textured import TexturedMesh
from ..shape.frustum import ShapePrediction
from .direct import mesh_from_photo, show_prediction
from .extraction import textured_mesh
from .fit import Fit, FitTask, fit_field
from .hull import hull_bound, voxel_grid_around
from .memory import require_memory
from .photometric import PhotometricConfig
from .posed_images import (
    FRAME_SIZE,
    PosedImages,
    image_of_photo,
    images_of_views,
    input_photo,
    usable_views,
)
from .settings import ReconstructionSettings, RunContext, single_thread
from .shape_network import has_shape_network, predict_shape
from .view_weights import rate_views

if TYPE_CHECKING:
    from .score import ScoredFit, ScoreMethod, ScoreTask

MIN_VOXEL_PIXELS = 1.0
"""Minimum size of a voxel in pixels of the views: the images constrain smaller ones too little, and
surfaces come out ragged."""
VIEWS_ITERATIONS = 300
"""Default number of optimisation steps of a fit to views."""
SCORE_ITERATIONS = {"sds": 600, "sjc": 10000, "sjc-i": 10000, "dietnerf": 3000}
"""Default number of steps of the score methods. Those of SDS (threestudio) and SJC (run_zero123.py)
are the originals'. DietNeRF needs fewer here because a voxel grid learns faster than a network."""
UNPOSED_METHODS = ("sjc-i",)
"""Methods whose model does not receive the cameras."""

FOV_TOLERANCE_DEG = 0.1
"""Difference of a field of view from the model's that changes an image by less than a pixel."""

FloatArray = npt.NDArray[np.floating]


@dataclass
class Reconstruction:
    """A mesh and how it was made."""

    mesh: TexturedMesh
    stages: list[dict[str, Any]] = field(default_factory=list)
    """Stages in order, each {"name": str, "seconds": float}."""
    unet_evaluations: int = 0
    """UNet evaluations during the reconstruction itself."""
    views: ViewSet | None = None
    """The views of the last round, to which the mesh was fitted; None without rounds."""


def reconstruct(views: ViewSet, settings: ReconstructionSettings | None = None,
                context: RunContext | None = None,
                photo: FloatArray | None = None) -> Reconstruction:
    """A textured mesh of the object that views show.

    `photo`: the input photo, S x S x 4 in [0, 1], premultiplied, from the camera that the
    settings name. It is fitted together with the views, with a higher weight, and colours what it
    shows. Rounds and refinement need it, and a pipeline in the context.

    Raises:
        EngineError: `BAD_INPUT` if the views show no object or none they agree on, or if there is
            nothing to refine with; `OUT_OF_MEMORY` if the main memory would not suffice.
        JobCancelled: from the context's reporter.
    """
    settings, context = settings or ReconstructionSettings(), context or RunContext()
    photo_view = None if photo is None else _input_photo(photo, views.fov_deg, settings)
    _check_model(views, photo_view, settings, context)
    rays = PhotometricConfig().rays_per_step
    if settings.refine and context.pipeline:
        from .score import max_rays_per_step  # imports diffusers

        rays += max_rays_per_step("refine", context.pipeline)
    _require_memory(settings, rays)
    generator = torch.Generator().manual_seed(settings.seed)
    iterations = settings.iterations or VIEWS_ITERATIONS
    evaluations, improved = 0, None
    with single_thread():
        task = _fit_task(views, photo_view, settings, context)
        with context.clock.stage("fit", steps=iterations):
            fit = fit_field(task, iterations, context.training_run("fit", generator))
        if settings.rounds and photo_view is not None:
            fit, improved, evaluations = _after_rounds(fit, views, photo_view, settings, context)
        if settings.refine and photo_view is not None:
            scored = _refined(fit, photo_view, settings, context, generator)
            fit, evaluations = scored.fit, evaluations + scored.unet_evaluations
        mesh = textured_mesh(fit, photo_view, settings.faces, settings.texture_size, context.clock,
                             settings.continuation)
    return Reconstruction(mesh, context.clock.stages, evaluations, improved)


def reconstruct_by_score(method: str, photo: FloatArray,
                         settings: ReconstructionSettings | None = None,
                         context: RunContext | None = None) -> Reconstruction:
    """A textured mesh that fits the photo and, elsewhere, is likely according to the pipeline.

    `method`: "sds" (score distillation, DreamFusion) or "sjc" (Score Jacobian Chaining, the
    paper's); or a baseline of the paper: "sjc-i" (SJC by a model without camera poses, an
    `UnposedPipeline` or a Zero123 model with random ones) or "dietnerf" (CLIP embeddings of
    random renderings, by the pipeline's image encoder). `photo`: as for `reconstruct`.

    Raises:
        EngineError: `BAD_INPUT` if the photo shows no object, there is no pipeline, or the field
            ends empty; `OUT_OF_MEMORY` if the main memory would not suffice.
        JobCancelled: from the context's reporter.
    """
    from .score import max_rays_per_step  # imports diffusers

    settings, context = settings or ReconstructionSettings(), context or RunContext()
    if context.pipeline is None:
        raise EngineError(ErrorCode.BAD_INPUT, f"the method {method} needs a model",
                          "name a model, or use the method direct")
    _require_memory(settings, max_rays_per_step(method, context.pipeline))
    photo_view = _input_photo(photo, camera.FOV_DEG, settings)
    iterations = settings.iterations or SCORE_ITERATIONS[method]
    generator = torch.Generator().manual_seed(settings.seed)
    task = _score_task(photo_view, iterations, settings, context)
    if method in UNPOSED_METHODS:
        task = _unposed(task, generator)
    with single_thread():
        with context.clock.stage(method, steps=iterations):
            run = context.training_run(method, generator, task.guidance)
            scored = _score_method(method)(task, run)
        mesh = textured_mesh(scored.fit, photo_view, settings.faces, settings.texture_size,
                             context.clock)
    return Reconstruction(mesh, context.clock.stages, scored.unet_evaluations)


def reconstruct_directly(photo: FloatArray, settings: ReconstructionSettings | None = None,
                         context: RunContext | None = None) -> Reconstruction:
    """A textured mesh of the shape network's prediction from the photo, without diffusion.

    `photo`: as for `reconstruct`. Takes a few seconds.

    Raises:
        EngineError: `BAD_INPUT` if the photo shows no object; `MODEL_MISSING` without the weights
            of the shape network.
        JobCancelled: from the context's reporter.
    """
    settings, context = settings or ReconstructionSettings(), context or RunContext()
    mesh = mesh_from_photo(_input_photo(photo, camera.FOV_DEG, settings), settings, context.clock)
    return Reconstruction(mesh, context.clock.stages)


def preview_directly(photo: FloatArray, settings: ReconstructionSettings,
                     context: RunContext) -> None:
    """Show the shape network's mesh in the context's previews, as a first impression.

    Without previews, or if no mesh can be predicted, this does nothing: the fit to views that
    follows may still succeed, and otherwise reports the reason.
    """
    if context.previews is None:
        return
    with suppress(EngineError):
        show_prediction(_input_photo(photo, camera.FOV_DEG, settings), settings, context.previews)


def _score_method(name: str) -> ScoreMethod:
    from . import score  # imports diffusers

    return {"sds": score.fit_by_distillation, "sjc": score.fit_by_jacobian,
            "sjc-i": score.fit_by_jacobian, "dietnerf": score.fit_by_semantics}[name]


def _check_model(views: ViewSet, photo: Photo | None, settings: ReconstructionSettings,
                 context: RunContext) -> None:
    """Refuse settings that need a photo, a model or its cameras where these are missing."""
    missing = context.pipeline is None or photo is None
    if settings.refine and missing:
        raise EngineError(ErrorCode.BAD_INPUT, "refining needs the input image and a model",
                          "give the image, or leave out the refinement")
    if settings.rounds and missing:
        raise EngineError(ErrorCode.BAD_INPUT, "improving views needs the input image and a model",
                          "give the image, or leave out the rounds")
    if settings.rounds and abs(views.fov_deg - camera.FOV_DEG) > FOV_TOLERANCE_DEG:
        raise EngineError(ErrorCode.BAD_INPUT, "the model cannot improve views whose field of view "
                          "is not its own", "leave out the rounds")


def _fit_task(views: ViewSet, photo: Photo | None, settings: ReconstructionSettings,
              context: RunContext, start: Field | None = None) -> FitTask:
    """A fit to weighted views, from a fitted field or from their hull."""
    with context.clock.stage("hull"):
        images = images_of_views(views, photo, context.reporter)
        if settings.view_weights:
            images = replace(images, weight=images.weight * rate_views(images, settings.seed))
        return FitTask(images, _voxel_grid(images, settings.resolution),
                       _prediction(photo, settings), settings.representation, context.device,
                       start)


def _after_rounds(fit: Fit, views: ViewSet, photo: Photo, settings: ReconstructionSettings,
                  context: RunContext) -> tuple[Fit, ViewSet, int]:
    """The fit after all rounds, the views that it was fitted to, and the UNet evaluations.

    If the model's views of a round show no object, the fit before it is the result.
    """
    from .rounds import CONFIG, improve_views  # imports diffusers

    iterations = max(1, round((settings.iterations or VIEWS_ITERATIONS) * CONFIG.iterations_share))
    evaluations = 0
    for number in range(1, settings.rounds + 1):
        improved = improve_views(fit, views, photo, settings, context, number)
        evaluations += improved.unet_evaluations
        if not usable_views(improved.views).any():
            context.reporter.log("warning", f"the model's views of round {number} show no object: "
                                 "the mesh is made from the views before them")
            break
        views = improved.views
        task = _fit_task(views, photo, settings, context, fit.field)
        name = f"fit {number}"
        with context.clock.stage(name, steps=iterations):
            fit = fit_field(task, iterations, context.training_run(
                name, torch.Generator().manual_seed(settings.seed + number)))
    return fit, views, evaluations


def _refined(fit: Fit, photo: Photo, settings: ReconstructionSettings, context: RunContext,
             generator: torch.Generator) -> ScoredFit:
    from .score import refine  # imports diffusers

    with context.clock.stage("refine", steps=settings.refine):
        task = _score_task(photo, settings.refine, settings, context)
        return refine(fit, task, context.training_run("refine", generator))


def _voxel_grid(images: PosedImages, resolution: int) -> VoxelGrid:
    """The voxel grid of the fit, which encloses a coarse hull of the object."""
    coarse = cube(resolution)
    min_voxel_size = MIN_VOXEL_PIXELS * FRAME_SIZE / images.rgba.shape[1]
    return voxel_grid_around(hull_bound(images, coarse), coarse, resolution**3, min_voxel_size)


def _prediction(photo: Photo | None,
                settings: ReconstructionSettings) -> ShapePrediction | None:
    """The shape network's prediction; None if the settings disable it or there is no photo."""
    if photo is None or not settings.shape_prior or not has_shape_network():
        return None
    return predict_shape(photo, settings)


def _require_memory(settings: ReconstructionSettings, rays: int) -> None:
    require_memory(settings.resolution, settings.faces, settings.texture_size,
                   rays if settings.representation == "hash" else 0)


def _input_photo(rgba: FloatArray, fov_deg: float, settings: ReconstructionSettings) -> Photo:
    return input_photo(rgba, fov_deg, settings.input_elevation_deg, settings.input_radius)


def _score_task(photo: Photo, iterations: int, settings: ReconstructionSettings,
                context: RunContext) -> ScoreTask:
    from .guidance import Zero123Guidance  # imports diffusers
    from .score import ScoreTask

    pipeline, reporter = context.pipeline, context.reporter
    assert pipeline is not None
    alpha = photo.rgba[..., 3:]
    guidance = Zero123Guidance.of(
        pipeline, photo.rgba[..., :3] + (1 - alpha), settings.input_elevation_deg,
        settings.input_radius, lambda views: reporter.log(
            "warning", f"memory is short: continuing with {views} views at a time"))
    return ScoreTask(
        guidance, image_of_photo(photo, pipeline.image_size), settings.resolution, iterations,
        settings.representation, settings.guidance_scale, context.device, context.threads)


def _unposed(task: ScoreTask, generator: torch.Generator) -> ScoreTask:
    """The same task with a model that does not receive the cameras."""
    from .guidance import UnposedGuidance  # imports diffusers

    posed = task.guidance
    return replace(task, guidance=UnposedGuidance(
        posed.pipeline, posed.condition, posed.input_elevation_deg, posed.input_radius, generator,
        on_halved=posed.on_halved))
