# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of views, derived from their silhouettes and from their residuals in a quick first fit.

Independent samples of a diffusion model disagree, and some show a wrong side. If most silhouettes
belong to one solid, the others lose weight (see `silhouette_consensus.py`). A quick, coarse fit to
the views follows the majority, so that views of other colours (and, without such a majority, of
other silhouettes) stand out by their residuals. They are weighted and the quick fit is repeated
(iteratively reweighted least squares, Holland and Welsch 1977). Views whose residuals are like
those of the others keep the weight 1 exactly, so that consistent views lose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import EngineError
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import Rays, camera_rays
from ..fields.render import render
from ..fields.voxel_grid import cube
from .alignment import LEARNING_RATE as ALIGNMENT_RATE
from .alignment import Alignment
from .fit import DECAY, LEARNING_RATE, SMOOTHING, initial_field, occupancy_of
from .hull import hull_bound, hull_of, voxel_grid_around
from .photometric import RAY_STEP, PhotometricConfig, PhotometricObjective
from .posed_images import FRAME_SIZE, PosedImages
from .silhouette_consensus import silhouette_consensus
from .trainer import LearningRates, Level, TrainingRun, train


@dataclass(frozen=True)
class ViewWeightConfig:
    """Constants of the weighting."""

    image_size: int = 48
    """Side in pixels of the images of the quick fit."""
    resolution: int = 32
    """The box around the object is divided into as many voxels as a cube with this number along
    each side has."""
    vote_fraction: float = 0.6
    """Share of votes for a voxel of the quick fit: less than the expected share of right views."""
    iterations: int = 50
    """Steps of a quick fit."""
    rays_per_step: int = 1024
    """Rays in a random batch of a quick fit."""
    rounds: int = 3
    """Maximum number of quick fits."""
    settled: float = 0.05
    """Change of the weights below which no further quick fit is made."""
    dead_zone: float = 3.0
    """Robust standard deviations above the median up to which a view keeps its weight."""
    min_deviations: tuple[float, float] = (0.006, 0.04)
    """Lower limits of the standard deviation of the residuals of silhouettes and of colours. Those
    of 10 held-out objects' true views stay within 0.012 and 0.11 of the median; colours differ by
    highlights."""
    min_colour_pixels: int = 32
    """Number of pixels below which the residual of the colours is reduced in proportion: those of
    thin objects lie on edges, which a coarse fit blurs."""
    min_views: int = 5
    """Minimum number of views for which a majority can be determined."""


MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution, as a multiple of its median absolute deviation."""
CONFIG = ViewWeightConfig()


def robust_weights(residuals: Tensor, min_deviation: float, dead_zone: float) -> Tensor:
    """Weights (N, in (0, 1]) of N views by their residuals.

    The weight is 1 up to the end of the dead zone and falls as in the kernel of Geman and McClure
    (1987) beyond: 1 / (1 + z^2)^2, with the excess z in robust standard deviations.
    """
    median = residuals.median()
    deviation = ((residuals - median).abs().median() * MAD_TO_DEVIATION).clamp_min(min_deviation)
    excess = ((residuals - median) / deviation - dead_zone).clamp_min(0)
    return (1 + excess.square()).square().reciprocal()


def rate_views(images: PosedImages, seed: int = 0,
               config: ViewWeightConfig = CONFIG) -> Tensor:
    """Weights (N, in (0, 1]) of N images: 1 for views that agree with the others, and for trusted
    images. `seed`: of the quick fits.
    """
    free = ~images.trusted
    weights = torch.ones(len(free))
    if free.sum() < config.min_views:
        return weights
    consensus = silhouette_consensus(images, seed)
    initial = weights if consensus is None else consensus.weight
    weights, small = initial, images.shrunk(config.image_size)
    for _ in range(config.rounds):
        try:
            residuals = quick_residuals(replace(small, weight=small.weight * weights), seed, config)
        except EngineError:  # no shape in common: nothing to compare with
            return initial
        before, weights = weights, initial.clone()
        silhouette, colour = (robust_weights(part[free], floor, config.dead_zone) for part, floor
                              in zip(residuals, config.min_deviations, strict=True))
        if consensus is None:
            weights[free] = silhouette
        weights[free] = torch.minimum(weights[free], colour)
        if torch.allclose(weights, before, atol=config.settled):
            break
    return weights


def quick_residuals(images: PosedImages, seed: int,
                    config: ViewWeightConfig = CONFIG) -> tuple[Tensor, Tensor]:
    """Residuals of N images against a coarse fit to them: (N, N), see `residuals_of`.

    Raises:
        EngineError: `BAD_INPUT` if the silhouettes have no shape in common.
    """
    fractions = (config.vote_fraction,)
    coarse = cube(config.resolution)
    voxel_grid = voxel_grid_around(hull_bound(images, coarse, fractions), coarse,
                                   config.resolution**3, FRAME_SIZE / images.rgba.shape[1])
    hull = hull_of(images, voxel_grid, fractions)
    field, occupancy = initial_field(hull), occupancy_of(hull)
    alignment = Alignment(images.trusted)
    generator = torch.Generator().manual_seed(seed)
    objective = PhotometricObjective(
        images, alignment, occupancy, voxel_grid.voxel_size * RAY_STEP, generator,
        PhotometricConfig(rays_per_step=config.rays_per_step))
    rates = LearningRates(LEARNING_RATE, DECAY, SMOOTHING)
    level = Level(objective, rates, [{"params": [alignment.correction], "lr": ALIGNMENT_RATE}])
    train(field, level, config.iterations, TrainingRun(generator))
    moved = replace(images, rgba=alignment.applied(images.rgba))
    return residuals_of(moved, field, occupancy, config.min_colour_pixels)


@torch.no_grad()
def residuals_of(images: PosedImages, field: Field, occupancy: Occupancy,
                 min_colour_pixels: int) -> tuple[Tensor, Tensor]:
    """Differences between N images and the renderings of a field.

    The first value (N) is the number of silhouette pixels that differ by more than a shift of one
    pixel, as a share of the silhouettes' union. The second (N) is the mean absolute difference of
    the colours where both silhouettes cover (see `ViewWeightConfig.min_colour_pixels`).
    """
    size = images.rgba.shape[1]
    rays = camera_rays(images.camera_to_world, size, images.fov_deg, occupancy.voxel_grid)
    rgb, alpha = _rendered(field, rays, occupancy)
    shape = images.rgba.shape[:3]
    alpha, target = alpha.reshape(shape), images.rgba[..., 3]
    seen, wanted = alpha > 0.5, target > 0.5
    off = (seen & ~_dilated(target > 0.1)) | (wanted & ~_dilated(alpha > 0.1))
    union = (seen | wanted).sum((1, 2)).clamp_min(1)
    both = seen & wanted
    error = ((rgb.reshape(*shape, 3) - alpha[..., None])
             - (images.rgba[..., :3] - target[..., None])).abs().mean(-1)
    colour = (error * both).sum((1, 2)) / both.sum((1, 2)).clamp_min(min_colour_pixels)
    return off.sum((1, 2)) / union, colour


def _dilated(mask: Tensor) -> Tensor:
    """Silhouettes (N x S x S bool), dilated by a pixel."""
    return F.max_pool2d(mask[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0


def _rendered(field: Field, rays: Rays, occupancy: Occupancy,
              chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """Colours (R x 3, premultiplied) and opacities (R) of rays."""
    step = field.voxel_grid.voxel_size * RAY_STEP
    parts = [render(field, rays[slice(start, start + chunk)], occupancy, step)
             for start in range(0, len(rays), chunk)]
    return torch.cat([part.rgb for part in parts]), torch.cat([part.alpha for part in parts])
