# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network's prediction: as the shape of `--method direct`, and as a prior of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from ..fields.field import Field
from ..fields.voxel_grid import VoxelGrid
from ..mesh.photo import Photo
from ..shape.prediction import WEIGHTS, ShapePrediction, predict
from .settings import ReconstructionSettings


@dataclass(frozen=True)
class PriorConfig:
    """How the prediction acts on a fit."""

    initial_weight: float = 0.5
    """Weight of the prediction in the initial densities, against the views' hull."""
    loss_weight: float = 0.1
    """Weight of the prior term in the loss, against the images' errors of about 0.05."""
    points: int = 2048
    """Random voxels in a step's prior term: half the number of its rays."""
    thickness: float = 2.0
    """Voxels over which a density is turned into an occupancy: a wall of that thickness counts as
    occupied if little light passes it."""
    consistent_error: float = 0.05
    """Mean silhouette error (1 - IoU) of the views after the coarse level, below which they agree
    with each other and the prior is switched off."""
    inconsistent_error: float = 0.12
    """Error above which the prior keeps its full weight."""

    def fading(self, silhouette_error: float) -> float:
        """Factor in [0, 1] on the prior's weight after the coarse level."""
        span = self.inconsistent_error - self.consistent_error
        return min(max((silhouette_error - self.consistent_error) / span, 0.0), 1.0)


CONFIG = PriorConfig()


def has_shape_network() -> bool:
    """Whether the weights of the shape network are there."""
    return (WEIGHTS / "weights.safetensors").is_file()


def predict_shape(photo: Photo, settings: ReconstructionSettings) -> ShapePrediction:
    """The occupancy that the shape network predicts for the object in a photo.

    Raises:
        EngineError: `MODEL_MISSING` without the network's weights.
    """
    if not has_shape_network():
        raise EngineError(ErrorCode.MODEL_MISSING, "the weights of the shape network are missing",
                          "install the program again, or use the method views")
    return predict(photo.rgba, settings.input_elevation_deg, settings.input_radius)


class ShapePrior:
    """A predicted occupancy on a voxel grid, and the loss that pulls a field towards it."""

    def __init__(self, prediction: ShapePrediction, voxel_grid: VoxelGrid) -> None:
        sampled = prediction.sample(voxel_grid.centres().numpy())
        self.probability = torch.from_numpy(sampled).reshape(voxel_grid.shape)
        """X x Y x Z in [0, 1]."""
        self.voxel_grid = voxel_grid
        self.weight = CONFIG.loss_weight
        """Current weight of the loss."""

    def initial_raw(self, raw: Tensor, limit: float) -> Tensor:
        """Initial raw densities (X x Y x Z) moved towards the log-odds of the prediction.

        `limit`: largest absolute log-odds that count.
        """
        odds = torch.logit(self.probability, eps=1e-3).clamp(-limit, limit)
        return raw + CONFIG.initial_weight * (odds - raw)

    def fade(self, silhouette_error: float) -> None:
        """Lower the weight of the loss if the views agree with each other."""
        self.weight = CONFIG.loss_weight * CONFIG.fading(silhouette_error)

    def loss(self, field: Field, bound: Tensor, generator: torch.Generator) -> Tensor:
        """Squared difference between a field's occupancy and the prediction, at random voxels.

        Each voxel is weighted by the prediction's certainty |2 p - 1|. `bound`: indices (B) of the
        voxels where the field may be dense.
        """
        pick = bound[torch.randint(len(bound), (CONFIG.points,), generator=generator)]
        points = self._positions(pick).to(field.device)
        probability = self.probability.flatten()[pick].to(field.device)
        density = field.density(points)
        occupancy = -torch.expm1(-density * CONFIG.thickness * self.voxel_grid.voxel_size)
        certainty = (2 * probability - 1).abs()
        error = (occupancy - (probability > 0.5).float()).square()
        return self.weight * (certainty * error).mean()

    def _positions(self, index: Tensor) -> Tensor:
        """World positions (P x 3) of voxels by their index in the flattened grid."""
        _, y_count, z_count = self.voxel_grid.shape
        coords = torch.stack([index // (y_count * z_count), index // z_count % y_count,
                              index % z_count], dim=-1)
        return torch.tensor(self.voxel_grid.low) + coords * self.voxel_grid.voxel_size
