# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothing of neighbouring voxels decreases during a level."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.reconstruction.trainer import LearningRates, Level, TrainingRun, train

STEPS = 12


@pytest.mark.parametrize("decay", [1.0, 0.25])
def test_smoothing_fades_over_a_level(decay: float) -> None:
    """With a constant objective only the smoothing acts: the extremes of a chequerboard lose four
    times the factor in a step.
    """
    field = VoxelField(cube(32))
    heights = []
    with torch.no_grad():
        field.raw[0, 0] = 1 - 2 * (torch.cartesian_prod(*3 * [torch.arange(32)]).sum(-1) % 2
                                   ).reshape(32, 32, 32)

    def objective(field: VoxelField, step: int) -> torch.Tensor:
        heights.append(float(field.raw.detach()[0, 0, 16, 16, 16]))
        return 0 * field.raw.sum()

    rates = LearningRates(0.1, 1.0, torch.tensor([0.01, 0, 0, 0]), smoothing_decay=decay)
    train(field, Level(objective, rates), STEPS, TrainingRun(torch.Generator()))
    heights.append(float(field.raw.detach()[0, 0, 16, 16, 16]))
    factors = [(1 - after / before) / 4 for before, after in pairwise(heights)]
    assert factors == pytest.approx(
        [0.01 * decay ** (step / STEPS) for step in range(STEPS)], rel=1e-3)
