# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network's prediction as a prior for the fit to views.

The prediction and the silhouettes of sampled views err independently: added voxel by voxel,
their log-odds determine the shape better than either alone. The weight of the prior grows with
the inconsistency of the views; consistent views determine the shape better without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..fields.field import Field
from ..shape.frustum import ShapePrediction
from .hull import Hull


@dataclass(frozen=True)
class PriorConfig:
    """Constants of the prior."""

    gain: float = 0.15
    """Change of the views' agreement, in [0, 1], per unit of the prediction's log-odds."""
    max_log_odds: float = 4.0
    """Largest absolute log-odds of the prediction; larger ones are clipped."""
    min_score: float = 0.7
    """Score (agreement plus weighted prediction) below which a voxel is empty."""
    inconsistent_ratio: tuple[float, float] = (0.08, 0.14)
    """Inconsistent share of the surface (see `photo_hull.CarveMask`) up to which the prior is off,
    and from which it has its full weight."""
    carving_ratio: float = 0.2
    """Inconsistent share of the surface from which the views are not used for carving: it takes up
    to a third of the fit, and was in vain for nano's views of all 16 objects tried (15 held-out
    ones and a photo), whose shares were 0.25 to 0.53."""
    loss_weight: float = 0.1
    """Weight of the prior in the loss, in which the images' errors are about 0.05."""
    points: int = 2048
    """Random voxels per step: half the number of rays."""
    thickness: float = 2.0
    """Voxels over which a density is turned into an occupancy: a wall of that thickness counts as
    occupied if little light passes it."""

    def weight(self, inconsistent_ratio: float) -> float:
        """Weight of the prior in [0, 1]."""
        low, high = self.inconsistent_ratio
        return min(max((inconsistent_ratio - low) / (high - low), 0.0), 1.0)


CONFIG = PriorConfig()


class ShapePrior:
    """Bound and occupancy of a hull's voxels, from the prediction and the silhouettes together."""

    def __init__(self, prediction: ShapePrediction, hull: Hull, weight: float) -> None:
        """`weight`: weight of the prediction, in (0, 1]."""
        self.prediction, self.weight = prediction, weight
        points = hull.voxel_grid.centres()
        probability = torch.from_numpy(prediction.sample(points.numpy()))
        odds = torch.logit(probability, eps=1e-3).clamp(-CONFIG.max_log_odds, CONFIG.max_log_odds)
        score = hull.agreement + weight * CONFIG.gain * odds.reshape(hull.bound.shape)
        bound = hull.bound & (score > weight * CONFIG.min_score)
        self.bound = bound if bound.any() else hull.bound
        """X x Y x Z bool: voxels that the object may occupy."""
        inside = self.bound.flatten().nonzero()[:, 0]
        self.points = points[inside]
        """B x 3: centres of the voxels with a prior, world."""
        self.occupied = (odds[inside] > 0).float()
        """B: 1 if the voxel is more likely occupied, else 0."""
        self.certainty = weight * CONFIG.loss_weight * (2 * probability[inside] - 1).abs()
        """B: weights in the loss."""
        self.reach = CONFIG.thickness * hull.voxel_grid.voxel_size
        """World units over which a density is turned into an occupancy."""

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """Squared difference between a field's occupancy and the prediction, at random voxels."""
        pick = torch.randint(len(self.points), (CONFIG.points,), generator=generator)
        density = field.density(self.points[pick].to(field.device))
        occupancy = -torch.expm1(-density * self.reach)
        error = (occupancy - self.occupied[pick].to(field.device)).square()
        return (self.certainty[pick].to(field.device) * error).mean()
