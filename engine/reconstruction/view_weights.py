# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of views by their agreement with a first estimate of the shape.

Independent samples of a diffusion model disagree; some show another side than they should. Views
are weighted rather than dropped: with 16 true views of a box, dropping the worst ones helps if four
show a wrong side, and costs accuracy if two do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import Rays, camera_rays
from ..fields.render import render
from ..fields.voxel_grid import cube
from .hull import Hull, vote_shares
from .iso_value import highest_value
from .photometric import RAY_STEP
from .posed_images import PosedImages


@dataclass(frozen=True)
class ViewWeightConfig:
    """Constants of the weighting."""

    resolution: int = 48
    """Voxels along each side of the first estimate."""
    image_size: int = 48
    """Side in pixels at which silhouettes and colours are compared."""
    vote_fraction: float = 0.6
    """Share of the votes at which the first estimate is solid: below the share of right views."""
    min_deviation: float = 0.03
    """Smallest scale of the errors: differences that are not outliers even if all views agree."""
    tolerance: float = 2.385
    """Scales above the median up to which a view keeps its full weight: the tuning constant of
    Cauchy's function (Holland and Welsch 1977)."""
    max_colour_error: float = 0.5
    """Sum of the three channels' differences at which a pixel's error is cut off, so that a few
    pixels cannot decide about a view."""


CONFIG = ViewWeightConfig()


@dataclass(frozen=True)
class ViewErrors:
    """How far each of N images is from the renderings of a field."""

    silhouette: Tensor
    """N: 1 - IoU."""
    colour: Tensor
    """N: mean colour error over the pixels of either silhouette."""

    @property
    def mean_silhouette(self) -> float:
        """Mean silhouette error over the images."""
        return float(self.silhouette.mean())


def robust_weights(errors: Tensor, trusted: Tensor) -> Tensor:
    """Weights (N, in (0, 1]) of N views by their errors.

    A view within the tolerance of the median error has weight 1; beyond, the weight is
    1 / (1 + z^2) with the excess z in units of the tolerance. The scale is the median absolute
    deviation. Trusted images (N bool) always have weight 1.
    """
    median = errors.median()
    deviation = (errors - median).abs().median() * 1.4826
    tolerance = CONFIG.tolerance * deviation.clamp_min(CONFIG.min_deviation)
    excess = ((errors - median) / tolerance - 1).clamp_min(0)
    return torch.where(trusted, 1.0, 1 / (1 + excess.square()))


@torch.no_grad()
def weights_by_silhouettes(images: PosedImages) -> Tensor:
    """Weights (N) by how well each silhouette agrees with the solid that most views see."""
    small = images.shrunk(CONFIG.image_size)
    voxel_grid = cube(CONFIG.resolution)
    share = vote_shares(small, voxel_grid)
    occupancy = Occupancy(share > CONFIG.vote_fraction / 2, voxel_grid)
    if not occupancy.voxels.any():
        return torch.ones(len(images.rgba))
    size = small.rgba.shape[1]
    rays = camera_rays(small.camera_to_world, size, small.fov_deg, voxel_grid)
    seen = highest_value(share, rays, occupancy).reshape(-1, size, size) > CONFIG.vote_fraction
    errors = _silhouette_errors(seen, small.rgba[..., 3] > 0.5)
    return robust_weights(errors, images.trusted)


@torch.no_grad()
def compare_with_field(images: PosedImages, field: Field, hull: Hull,
                       occupancy: Occupancy) -> ViewErrors:
    """The errors of images against the renderings of a field."""
    small = images.shrunk(CONFIG.image_size)
    size = small.rgba.shape[1]
    rays = camera_rays(small.camera_to_world, size, small.fov_deg, hull.voxel_grid)
    rgb, alpha = _rendered(field, rays, occupancy)
    seen, target = alpha.reshape(-1, size, size), small.rgba[..., 3]
    rgb = rgb.reshape(-1, size, size, 3)
    union = (seen > 0.5) | (target > 0.5)
    off = ((rgb - seen[..., None]) - (small.rgba[..., :3] - target[..., None])).abs().sum(-1)
    colour = (off.clamp_max(CONFIG.max_colour_error) * union).sum((1, 2))
    return ViewErrors(_silhouette_errors(seen > 0.5, target > 0.5),
                      colour / union.sum((1, 2)).clamp_min(1))


def _silhouette_errors(a: Tensor, b: Tensor) -> Tensor:
    """1 - IoU of silhouettes (N x S x S bool): N."""
    union = (a | b).sum((1, 2)).clamp_min(1)
    return 1 - (a & b).sum((1, 2)) / union


def _rendered(field: Field, rays: Rays, occupancy: Occupancy,
              chunk: int = 16384) -> tuple[Tensor, Tensor]:
    """Colours (R x 3, premultiplied) and opacities (R) of rays, on the CPU."""
    occupancy = occupancy.to(field.device)
    step = field.voxel_grid.voxel_size * RAY_STEP
    parts = [render(field, rays[slice(start, start + chunk)].to(field.device), occupancy, step)
             for start in range(0, len(rays), chunk)]
    return (torch.cat([part.rgb.cpu() for part in parts]),
            torch.cat([part.alpha.cpu() for part in parts]))

