# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prior of a fit bounds the object where views do not, and fades out if they agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.reconstruction.hull import Hull
from engine.reconstruction.shape_prior import CONFIG, ShapePrior
from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import BINS, RAYS

GRID = cube(24)
FRONT = GRID.centres()[:, 0].reshape(GRID.shape) > 0.05
"""The half nearer to the input camera, which stands at +X."""


@pytest.fixture(scope="module")
def prediction() -> ShapePrediction:
    """A prediction that the near half is certainly occupied and the far half is empty."""
    probabilities = np.full((BINS, RAYS, RAYS), 0.01, np.float32)
    probabilities[:BINS // 2] = 0.99
    return ShapePrediction(probabilities, np.ones((RAYS, RAYS), bool), 0.0, 1.85)


def open_hull(agreement: float) -> Hull:
    """A hull whose views agree with every voxel equally."""
    return Hull(torch.ones(GRID.shape, dtype=torch.bool), torch.full(GRID.shape, agreement),
                torch.zeros(*GRID.shape, 3), GRID)


def test_prior_bounds_the_object_where_views_are_unsure(prediction: ShapePrediction) -> None:
    bound = ShapePrior(prediction, open_hull(0.9), 1.0).bound
    middle = (slice(None), slice(8, 16), slice(8, 16))
    far = GRID.centres()[:, 0].reshape(GRID.shape)[middle] < -0.05
    assert bound[middle][FRONT[middle]].all()
    assert not bound[middle][far].any()


def test_prior_of_little_weight_bounds_nothing(prediction: ShapePrediction) -> None:
    assert ShapePrior(prediction, open_hull(0.9), 0.1).bound.all()


@pytest.mark.parametrize(("ratio", "weight"), [(0.0, 0.0), (CONFIG.inconsistent_ratio[0], 0.0),
                                               (CONFIG.inconsistent_ratio[1], 1.0), (1.0, 1.0)])
def test_prior_weight_fades_where_views_agree(ratio: float, weight: float) -> None:
    assert CONFIG.weight(ratio) == weight


def test_prior_loss_is_lower_for_the_predicted_shape(prediction: ShapePrediction) -> None:
    prior = ShapePrior(prediction, open_hull(0.9), 1.0)
    predicted, nothing = VoxelField(GRID), VoxelField(GRID)
    with torch.no_grad():
        predicted.raw[0, 0][FRONT] = 2.0
    right, wrong = (prior.loss(field, torch.Generator().manual_seed(0))
                    for field in (predicted, nothing))
    assert right < 0.5 * wrong
