# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction from the photo alone, driven by a model: SDS, SJC and DietNeRF; refinement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..camera import FOV_DEG, two_ring_orbit
from ..diffusion import Zero123Pipeline
from ..diffusion.memory_fallbacks import in_batches
from ..fields.field import Field, on_cpu
from ..fields.representations import make_field
from ..fields.voxel_field import VoxelField
from ..fields.voxel_grid import cube
from ..models.families import Schedule, constant
from .alignment import Alignment
from .dietnerf import DietNeRFConfig, SemanticConsistencyObjective
from .fit import DECAY, LEARNING_RATE, SMOOTHING, Fit, hull_of, occupancy_of
from .guidance import (
    Cameras,
    Zero123Guidance,
    as_images,
    evaluations_per_view,
    render_images,
)
from .hull import Hull
from .photometric import RAY_STEP, PhotometricObjective
from .posed_images import PHOTO_WEIGHT, PosedImages
from .sds import ScoreDistillationObjective, ScoreSchedule, SDSSettings
from .sjc import CONFIG as SJC
from .sjc import ScoreJacobianObjective, background_latent, latents_of
from .trainer import (
    LearningRates,
    Level,
    Objective,
    TrainingRun,
    adamax,
    train,
    train_coarse_to_fine,
)

SDS_LEARNING_RATE = 0.1
"""Learning rate of SDS in raw grid units: a third of that of a fit to views, because the
gradients are noisier."""
FOG_RAW = -5.0
"""Initial raw density: thin enough for light to cross the whole cube."""
BLOB_RADIUS = 0.5
"""Radius in world units of the ball of fog at the origin with which SDS starts, as threestudio
does (after Magic3D)."""
BLOB_RAW = 4.0
"""Raw density that the ball adds at its centre, falling linearly to 0 at its surface."""
REFINEMENT = SDSSettings(
    source="the noise at which details change and the shape stays",
    min_noise=constant(0.02), max_noise=Schedule(((0.0, 0.3), (1.0, 0.1))),
    stages=((0.0, 2, 128),), normal_weight=constant(0.0))
"""Score distillation at small noise: details may change, the shape stays."""
REFINEMENT_LEARNING_RATE = 0.05
"""Learning rate of the refinement in raw grid units."""
VIEWS_WEIGHT = 500.0
"""Weight of the fit to the views during refinement: the weight of colours in `SDSSettings`."""
DECODED_VIEWS = 16
"""Number of views of a latent field that are decoded to obtain its colours."""
COLOUR_ITERATIONS = 150
"""Optimisation steps of those colours."""


@dataclass(frozen=True)
class ScoreTask:
    """The inputs of a score-based method."""

    guidance: Zero123Guidance
    photo: PosedImages
    """The photo alone, at the model's image size."""
    resolution: int
    """Voxels along each side of the cube."""
    iterations: int
    representation: str = "voxels"
    """Representation of the field, as for `fields.representations.make_field`."""
    guidance_scale: float = 0.0
    """Classifier-free guidance scale; 0: the method's own, or 1 if the model's default is 1."""
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    """Device of the field; arguments and results are on the CPU."""
    threads: int = 1
    """CPU threads of the networks; the renderer runs on the current number."""

    def schedule(self, steps: range, run: TrainingRun) -> ScoreSchedule:
        """The schedule of a level, which covers the given steps."""
        return ScoreSchedule(steps, self.iterations, self.threads, run.generator)


@dataclass
class ScoredFit:
    """A fitted RGB field."""

    fit: Fit
    unet_evaluations: int
    """Number of UNet evaluations that it took."""


@dataclass
class ScoreStage:
    """A stage with an objective at every level and no state between the levels."""

    objective: Callable[[Field, range], Objective]
    rates: LearningRates
    parameters: Sequence[dict[str, Any]] = ()
    """The optimiser's groups of parameters other than the field."""

    def begin(self, field: Field, steps: range) -> Level:
        """See `TrainingStage`."""
        return Level(self.objective(field, steps), self.rates, self.parameters)

    def end(self, field: Field) -> None:
        """See `TrainingStage`."""

    def state(self) -> dict[str, Tensor]:
        """See `TrainingStage`."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """See `TrainingStage`."""


ScoreMethod = Callable[[ScoreTask, TrainingRun], ScoredFit]


def max_rays_per_step(method: str, pipeline: Zero123Pipeline) -> int:
    """The largest number of rays rendered in a step of a method, or of "refine"."""
    if method == "dietnerf":
        return DietNeRFConfig().max_rays
    if method in ("sjc", "sjc-i"):
        return 2 * pipeline.unet.config.sample_size**2
    settings = REFINEMENT if method == "refine" else SDSSettings.of(pipeline)
    return settings.max_rays(pipeline.image_size)


def fit_by_distillation(task: ScoreTask, run: TrainingRun) -> ScoredFit:
    """Score distillation (see `engine.reconstruction.sds`)."""
    settings = _guided(SDSSettings.of(task.guidance.pipeline), task)
    hull = hull_of(task.photo, cube(task.resolution))
    occupancy = occupancy_of(hull).to(task.device)

    def objective(field: Field, steps: range) -> Objective:
        return ScoreDistillationObjective(
            task.guidance, task.photo, occupancy, settings, task.schedule(steps, run))

    fitted = _train(hazy_field(hull), objective, task, run)
    return ScoredFit(Fit(fitted, task.photo, hull), settings.unet_evaluations(task.iterations))


def fit_by_semantics(task: ScoreTask, run: TrainingRun) -> ScoredFit:
    """DietNeRF (see `engine.reconstruction.dietnerf`), without classifier-free guidance."""
    hull = hull_of(task.photo, cube(task.resolution))
    occupancy = occupancy_of(hull).to(task.device)

    def objective(field: Field, steps: range) -> Objective:
        return SemanticConsistencyObjective(
            task.guidance, task.photo, occupancy, task.threads, run.generator)

    fitted = _train(hazy_field(hull), objective, task, run)
    return ScoredFit(Fit(fitted, task.photo, hull), 0)


def fit_by_jacobian(task: ScoreTask, run: TrainingRun) -> ScoredFit:
    """Score Jacobian Chaining (see `engine.reconstruction.sjc`) on a field of latents, which then
    gets the colours of its decoded views.
    """
    hull = hull_of(task.photo, cube(task.resolution))
    occupancy = occupancy_of(hull).to(task.device)
    background = background_latent(task.guidance).to(task.device).requires_grad_()
    field = foggy_field(hull, latent_channels=len(background))
    with torch.no_grad():
        # Fog with the background's latents would be invisible at any density.
        field.raw[0, 1:].normal_(generator=run.generator)
    target = on_white_at(task.photo, task.guidance.pipeline.image_size)
    scale = task.guidance.guidance_scale(task.guidance_scale, SJC.guidance_scale)

    def objective(field: Field, steps: range) -> Objective:
        return ScoreJacobianObjective(
            task.guidance, target, background, occupancy, scale, task.schedule(steps, run))

    # Without smoothing, a few dense voxels would represent the whole object.
    smoothing = torch.cat([SMOOTHING[:1], SMOOTHING[1:2].expand(len(background))])
    stage = ScoreStage(
        objective, LearningRates(SJC.learning_rate, 1.0, smoothing, optimiser=adamax),
        [{"params": [background], "lr": SJC.background_rate}])
    fitted = train_coarse_to_fine(
        make_field(field, task.representation, run.generator, task.device), stage,
        task.iterations, run)
    images = decoded_views(fitted, task.guidance, hull, background.detach())
    return ScoredFit(coloured(fitted, images, task.photo, hull, run.generator),
                     evaluations_per_view(scale) * task.iterations)


def refine(fit: Fit, task: ScoreTask, run: TrainingRun) -> ScoredFit:
    """Refine a fit to views by score distillation at small noise.

    The views keep their weight, because a score at small noise cannot restore what they show. The
    fit's field changes in place.
    """
    settings = _guided(REFINEMENT, task)
    moved = fit.field.to(task.device)
    occupancy = occupancy_of(fit.hull).to(task.device)
    views = PhotometricObjective(
        fit.images.sharp_for(fit.field.voxel_grid), _fixed_alignment(fit.images, task.device),
        occupancy, fit.field.voxel_grid.voxel_size * RAY_STEP, run.generator)
    score = ScoreDistillationObjective(
        task.guidance, task.photo, occupancy, settings,
        task.schedule(range(task.iterations), run))

    def objective(field: Field, step: int) -> Tensor:
        return VIEWS_WEIGHT * views(field, step) + score(field, step)

    level = Level(objective, LearningRates(REFINEMENT_LEARNING_RATE, DECAY, SMOOTHING))
    train(moved, level, task.iterations, run)
    return ScoredFit(replace(fit, field=on_cpu(moved)), settings.unet_evaluations(task.iterations))


def _train(start: VoxelField, objective: Callable[[Field, range], Objective], task: ScoreTask,
           run: TrainingRun) -> Field:
    """The field on the CPU after an optimisation at SDS's learning rates."""
    stage = ScoreStage(objective, LearningRates(SDS_LEARNING_RATE, DECAY, SMOOTHING))
    field = make_field(start, task.representation, run.generator, task.device)
    return on_cpu(train_coarse_to_fine(field, stage, task.iterations, run))


def _guided(settings: SDSSettings, task: ScoreTask) -> SDSSettings:
    scale = task.guidance.guidance_scale(task.guidance_scale, settings.guidance_scale)
    return replace(settings, guidance_scale=scale)


def _fixed_alignment(images: PosedImages, device: torch.device) -> Alignment:
    """No correction of any image."""
    return Alignment(torch.ones(len(images.rgba), dtype=torch.bool)).to(device)


def foggy_field(hull: Hull, latent_channels: int = 0) -> VoxelField:
    """Thin fog wherever the photo admits the object."""
    field = VoxelField(hull.voxel_grid, latent_channels)
    with torch.no_grad():
        field.raw[0, 0][hull.bound] = FOG_RAW
    return field


def hazy_field(hull: Hull) -> VoxelField:
    """Fog in the photo's colours, with a denser ball at the origin."""
    field = foggy_field(hull)
    with torch.no_grad():
        field.raw[0, 1:] = torch.logit(hull.colour, eps=0.02).permute(3, 0, 1, 2)
        distance = hull.voxel_grid.centres().norm(dim=-1).reshape(field.raw.shape[2:])
        blob = BLOB_RAW * (1 - distance / BLOB_RADIUS).clamp_min(0)
        field.raw[0, 0] += torch.where(hull.bound, blob, 0.0)
    return field


def on_white_at(photo: PosedImages, size: int) -> Tensor:
    """The first image on white: 1 x 3 x size x size in [0, 1]."""
    rgba = F.interpolate(photo.rgba[:1].permute(0, 3, 1, 2), (size, size), mode="bilinear",
                         antialias=True)
    return (rgba[:, :3] + 1 - rgba[:, 3:]).clamp(0, 1)


def coloured(latent_field: Field, views: PosedImages, photo: PosedImages, hull: Hull,
             generator: torch.Generator) -> Fit:
    """The densities of a latent field, with the RGB of its decoded views and of the photo."""
    size = views.rgba.shape[1]
    images = PosedImages(
        torch.cat([views.rgba, photo.shrunk(size).rgba]),
        torch.cat([views.camera_to_world, photo.camera_to_world]), photo.fov_deg,
        torch.cat([views.weight, PHOTO_WEIGHT * photo.weight]),
        torch.cat([views.trusted, photo.trusted]))
    device = latent_field.device
    occupancy = occupancy_of(hull).to(device)
    field = VoxelField(latent_field.voxel_grid).to(device)
    with torch.no_grad():
        field.raw[0, 0] = latent_field.as_grid().raw[0, 0]
        field.raw[0, 1:] = torch.logit(hull.colour, eps=0.02).permute(3, 0, 1, 2).to(device)
    colours_only = torch.ones(4)
    colours_only[0] = 0
    mask = colours_only[:, None, None, None].to(device)
    field.raw.register_hook(lambda gradient: gradient * mask)
    objective = PhotometricObjective(images, _fixed_alignment(images, device), occupancy,
                                     field.voxel_grid.voxel_size * RAY_STEP, generator)
    train(field, Level(objective, LearningRates(LEARNING_RATE, DECAY, SMOOTHING * colours_only)),
          COLOUR_ITERATIONS, TrainingRun(generator))
    return Fit(on_cpu(field), photo, hull)


@torch.no_grad()
def decoded_views(field: Field, guidance: Zero123Guidance, hull: Hull,
                  background: Tensor) -> PosedImages:
    """Views around the object, with the field's opacities, and with colours decoded from latents in
    front of those of the background (C x h x w)."""
    poses = torch.tensor(two_ring_orbit(DECODED_VIEWS))
    cameras = Cameras(poses[:, 0], poses[:, 1], torch.full((len(poses),), guidance.input_radius))
    occupancy, pipeline = occupancy_of(hull).to(field.device), guidance.pipeline
    small = render_images(field, cameras, pipeline.unet.config.sample_size, occupancy)
    latents = latents_of(small, background, len(cameras))
    rgb = torch.cat(in_batches(
        latents, len(latents), lambda batch, *_: pipeline.decode(
            batch.to(pipeline.execution_device)).cpu(), pipeline.save_memory))
    alpha = as_images(render_images(field, cameras, pipeline.image_size, occupancy)
                      .alpha[:, None], len(cameras)).cpu()
    colours = torch.minimum((rgb - (1 - alpha)).clamp_min(0), alpha)
    rgba = torch.cat([colours, alpha], dim=1).permute(0, 2, 3, 1).contiguous()
    return PosedImages(rgba, cameras.camera_to_world, FOV_DEG, torch.ones(len(cameras)),
                       torch.zeros(len(cameras), dtype=torch.bool))
