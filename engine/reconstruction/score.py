# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction from the input picture alone, driven by a model's score: SDS and SJC."""

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
from .alignment import Alignment
from .checkpoint import Checkpoint
from .dietnerf import PICTURE_SIZE, RAYS, SemanticConsistencyObjective
from .fit import (
    CPU,
    DECAY,
    LEARNING_RATE,
    SMOOTHING,
    STEP,
    Fit,
    PhotometricObjective,
    Pictures,
    hull_of,
    occupancy_of,
)
from .guidance import Cameras, Guide, as_pictures, rows_per_view, take_pictures
from .hull import Hull
from .sds import Annealing, ScoreDistillationObjective, SDSSettings
from .sjc import GUIDANCE_SCALE, ScoreJacobianObjective, background_latent, latents_of
from .trainer import Objective, OnStep, Rates, coarse_to_fine, optimise

SDS_LEARNING_RATE = 0.1
SJC_LEARNING_RATE = 0.05
"""The original's."""
FOG_RAW = -5.0
"""Raw density at first: thin enough for light to cross the whole cube."""
BLOB_RADIUS = 0.5
"""SDS starts with something at the origin, as threestudio does (a blob after Magic3D)."""
REFINEMENT = SDSSettings(
    min_noise=Annealing(0.02, 0.02, 0.0, 1.0), max_noise=Annealing(0.3, 0.1, 0.0, 1.0),
    stages=((0.0, 2, 128),), normal_weight=0.0)
"""Small noise: details may change, the shape stays."""
REFINEMENT_LEARNING_RATE = 0.05
VIEWS_WEIGHT = 500.0
"""Of the fit to the views, against the weights in `SDSSettings`."""
DECODED_VIEWS = 16
COLOUR_ITERATIONS = 150


def rays_of_a_step(method: str, pipeline: Zero123Pipeline) -> int:
    """The most that are rendered in a step of a method, or of "refine"."""
    if method == "dietnerf":
        return RAYS + PICTURE_SIZE**2
    if method in ("sjc", "sjc-i"):
        return 2 * pipeline.unet.config.sample_size**2
    return (REFINEMENT if method == "refine" else SDSSettings()).rays(pipeline.image_size)


@dataclass
class ScoredFit:
    """A fitted field with RGB, and what it cost."""

    fit: Fit
    unet_evaluations: int


@dataclass
class ScoreProblem:
    """A score's objective at every level; nothing is carried from one to the next."""

    begin: Callable[[Field, range], Objective]
    rates: Rates

    def parameters(self) -> Sequence[dict[str, Any]]:
        return ()

    def end(self, field: Field) -> None: ...

    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: dict[str, Tensor]) -> None: ...


def fit_by_distillation(guide: Guide, photo: Pictures, *, resolution: int, iterations: int,
                        threads: int, generator: torch.Generator,
                        on_step: OnStep, checkpoint: Checkpoint | None = None,
                        guidance_scale: float = 0.0,
                        representation: str = "voxels",
                        device: torch.device = CPU) -> ScoredFit:
    """Score distillation from the input picture (`photo` holds it alone).

    `threads`: for the networks; the renderer runs on the current number. `guidance_scale`: 0 takes
    the original's, or none for a model that is made for none. `representation`: as in
    `fields.representations.make_field`. `device`: of the field; what goes in and comes out is on
    the CPU.
    """
    settings = _guided(SDSSettings(), guide, guidance_scale)
    hull = hull_of(photo, cube(resolution))
    occupancy = occupancy_of(hull).to(device)

    def begin(field: Field, steps: range) -> Objective:
        return ScoreDistillationObjective(guide, photo, occupancy, settings, steps, iterations,
                                          threads, generator)

    fitted = coarse_to_fine(
        make_field(hazy_field(hull), representation, generator, device),
        ScoreProblem(begin, Rates(SDS_LEARNING_RATE, DECAY, SMOOTHING)),
        iterations=iterations, generator=generator, on_step=on_step, checkpoint=checkpoint)
    return ScoredFit(Fit(on_cpu(fitted), photo, hull), settings.unet_evaluations(iterations))


def fit_by_semantics(guide: Guide, photo: Pictures, *, resolution: int, iterations: int,
                     threads: int, generator: torch.Generator,
                     on_step: OnStep, checkpoint: Checkpoint | None = None,
                     guidance_scale: float = 0.0, representation: str = "voxels",
                     device: torch.device = CPU) -> ScoredFit:
    """DietNeRF: the input view, and CLIP's word that all other views show the same object.

    Arguments as in `fit_by_distillation`; there is nothing to guide.
    """
    hull = hull_of(photo, cube(resolution))
    occupancy = occupancy_of(hull).to(device)

    def begin(field: Field, steps: range) -> Objective:
        return SemanticConsistencyObjective(guide, photo, occupancy, threads, generator)

    fitted = coarse_to_fine(
        make_field(hazy_field(hull), representation, generator, device),
        ScoreProblem(begin, Rates(SDS_LEARNING_RATE, DECAY, SMOOTHING)),
        iterations=iterations, generator=generator, on_step=on_step, checkpoint=checkpoint)
    return ScoredFit(Fit(on_cpu(fitted), photo, hull), 0)


def refined(fit: Fit, guide: Guide, photo: Pictures, *, iterations: int, threads: int,
            generator: torch.Generator, on_step: OnStep,
            checkpoint: Checkpoint | None = None, guidance_scale: float = 0.0,
            device: torch.device = CPU) -> ScoredFit:
    """A fit to views, moved a little towards what the model finds likely at small noise.

    The views keep their say: they are what a score at small noise can't bring back. Arguments as
    in `fit_by_distillation`; the fit's field changes in place.
    """
    settings = _guided(REFINEMENT, guide, guidance_scale)
    moved = fit.field.to(device)
    occupancy = occupancy_of(fit.hull).to(device)
    alignment = Alignment(torch.ones(len(fit.pictures.rgba), dtype=torch.bool)).to(device)
    views = PhotometricObjective(fit.pictures.sharp_for(fit.field.voxel_grid), alignment,
                                 occupancy, fit.field.voxel_grid.voxel_size * STEP, generator)
    score = ScoreDistillationObjective(guide, photo, occupancy, settings, range(iterations),
                                       iterations, threads, generator)

    def objective(field: Field, step: int) -> Tensor:
        return VIEWS_WEIGHT * views(field, step) + score(field, step)

    optimise(moved, objective, range(iterations), iterations,
             Rates(REFINEMENT_LEARNING_RATE, DECAY, SMOOTHING), generator=generator,
             on_step=on_step, checkpoint=checkpoint,
             saved=checkpoint.load() if checkpoint else None)
    return ScoredFit(replace(fit, field=on_cpu(moved)), settings.unet_evaluations(iterations))


def fit_by_jacobian(guide: Guide, photo: Pictures, *, resolution: int, iterations: int,
                    threads: int, generator: torch.Generator,
                    on_step: OnStep, checkpoint: Checkpoint | None = None,
                    guidance_scale: float = 0.0, representation: str = "voxels",
                    device: torch.device = CPU) -> ScoredFit:
    """Score Jacobian Chaining on a latent field, which then gets the colours of its decoded views.

    Arguments as in `fit_by_distillation`.
    """
    hull = hull_of(photo, cube(resolution))
    occupancy = occupancy_of(hull).to(device)
    background = background_latent(guide)
    field = foggy_field(hull, latent_channels=len(background))
    with torch.no_grad():
        # Of the background's latents, fog would be as invisible as none.
        field.raw[0, 1:].normal_(generator=generator)
    target = on_white_at(photo, guide.pipeline.image_size)
    scale = guide.guidance_scale(guidance_scale, GUIDANCE_SCALE)

    def begin(field: Field, steps: range) -> Objective:
        return ScoreJacobianObjective(guide, target, occupancy, steps, iterations, scale, threads,
                                      generator)

    # Without smoothing, a few dense voxels end up standing for all the rest.
    smoothing = torch.cat([SMOOTHING[:1], SMOOTHING[1:2].expand(len(background))])
    rates = Rates(SJC_LEARNING_RATE, 1.0, smoothing)
    fitted = coarse_to_fine(
        make_field(field, representation, generator, device), ScoreProblem(begin, rates),
        iterations=iterations, generator=generator, on_step=on_step, checkpoint=checkpoint)
    return ScoredFit(coloured(fitted, guide, photo, hull, generator),
                     rows_per_view(scale) * iterations)


def _guided(settings: SDSSettings, guide: Guide, wanted: float) -> SDSSettings:
    scale = guide.guidance_scale(wanted, settings.guidance_scale)
    return replace(settings, guidance_scale=scale)


def foggy_field(hull: Hull, latent_channels: int = 0) -> VoxelField:
    """Thin fog wherever the input picture allows the object to be."""
    field = VoxelField(hull.voxel_grid, latent_channels)
    with torch.no_grad():
        field.raw[0, 0][hull.bound] = FOG_RAW
    return field


def hazy_field(hull: Hull) -> VoxelField:
    """Fog in the input picture's colours, with something at the origin."""
    field = foggy_field(hull)
    with torch.no_grad():
        field.raw[0, 1:] = torch.logit(hull.colour, eps=0.02).permute(3, 0, 1, 2)
        distance = hull.voxel_grid.centres().norm(dim=-1).reshape(field.raw.shape[2:])
        blob = 4 * (1 - distance / BLOB_RADIUS).clamp_min(0)
        field.raw[0, 0] += torch.where(hull.bound, blob, 0.0)
    return field


def on_white_at(photo: Pictures, size: int) -> Tensor:
    """1 x 3 x size x size in [0, 1]: the first picture on white."""
    rgba = F.interpolate(photo.rgba[:1].permute(0, 3, 1, 2), (size, size), mode="bilinear",
                         antialias=True)
    return (rgba[:, :3] + 1 - rgba[:, 3:]).clamp(0, 1)


def coloured(latent_field: Field, guide: Guide, photo: Pictures, hull: Hull,
             generator: torch.Generator) -> Fit:
    """The same densities with the RGB that decoded views and the input picture show."""
    views = decoded_views(latent_field, guide, hull)
    size = views.rgba.shape[1]
    pictures = Pictures(
        torch.cat([views.rgba, photo.shrunk(size).rgba]),
        torch.cat([views.camera_to_world, photo.camera_to_world]), photo.fov_deg,
        torch.cat([views.weight, 3 * photo.weight]), torch.cat([views.trusted, photo.trusted]))
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
    objective: Objective = PhotometricObjective(
        pictures, Alignment(torch.ones(len(pictures.rgba), dtype=torch.bool)).to(device), occupancy,
        field.voxel_grid.voxel_size * STEP, generator)
    optimise(field, objective, range(COLOUR_ITERATIONS), COLOUR_ITERATIONS,
             Rates(LEARNING_RATE, DECAY, SMOOTHING * colours_only), generator=generator,
             on_step=lambda done, total, field: None)
    return Fit(on_cpu(field), photo, hull)


@torch.no_grad()
def decoded_views(field: Field, guide: Guide, hull: Hull) -> Pictures:
    """Views around the object: opacities of the field, colours as the decoder shows its latents."""
    poses = torch.tensor(two_ring_orbit(DECODED_VIEWS))
    cameras = Cameras(poses[:, 0], poses[:, 1], torch.full((len(poses),), guide.input_radius))
    occupancy, pipeline = occupancy_of(hull).to(field.device), guide.pipeline
    small = take_pictures(field, cameras, pipeline.unet.config.sample_size, occupancy)
    latents = latents_of(small, background_latent(guide), len(cameras))
    rgb = torch.cat(in_batches(
        latents, len(latents), lambda rows, *_: pipeline.decode(
            rows.to(pipeline.execution_device)).cpu(), pipeline.save_memory))
    alpha = as_pictures(take_pictures(field, cameras, pipeline.image_size, occupancy)
                        .alpha[:, None], len(cameras)).cpu()
    premultiplied = torch.minimum((rgb - (1 - alpha)).clamp_min(0), alpha)
    rgba = torch.cat([premultiplied, alpha], dim=1).permute(0, 2, 3, 1).contiguous()
    return Pictures(rgba, cameras.camera_to_world, FOV_DEG, torch.ones(len(cameras)),
                    torch.zeros(len(cameras), dtype=torch.bool))

