# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The direct method and the prior, with predictions of known shapes in place of the network's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.reconstruction import split
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph

from engine.core.errors import EngineError, ErrorCode
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.reconstruction import reconstruct_directly, shape_prior
from engine.reconstruction.shape_prior import PriorConfig, ShapePrior
from engine.shape.geometry import frustum_points
from engine.shape.prediction import ShapePrediction

ELEVATION = 10.0
SETTINGS, _ = split({"input_elevation_deg": ELEVATION, "faces": 3000, "texture_size": 128})


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    rgba = photograph(BLOCK, [(0.0, ELEVATION)], size=128).images[0]
    return np.concatenate([rgba[..., :3] / np.maximum(rgba[..., 3:], 1e-6), rgba[..., 3:]], -1)


@pytest.fixture(scope="module")
def prediction() -> ShapePrediction:
    points = frustum_points(0.0, ELEVATION, 1.85)
    inside = contains(BLOCK, points.reshape(-1, 3)).reshape(points.shape[:3])
    return ShapePrediction(np.where(inside, 0.95, 0.05).astype(np.float32), inside.any(0),
                           ELEVATION, 1.85)


def test_direct_makes_a_closed_mesh_of_the_prediction(
        photo: np.ndarray, prediction: ShapePrediction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconstruction.direct.predict_shape", lambda *_: prediction)
    result = reconstruct_directly(photo, SETTINGS)
    assert result.mesh.is_watertight
    points = grid_points()
    truth = contains(BLOCK, points)
    assert iou(mesh_contains(result.mesh.vertices, result.mesh.faces, points), truth) > 0.75
    assert [stage["name"] for stage in result.stages] == ["shape", "surface", "unwrap", "texture"]


def test_direct_without_weights_names_the_model(
        photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_prior, "WEIGHTS", tmp_path)
    with pytest.raises(EngineError) as caught:
        reconstruct_directly(photo, SETTINGS)
    assert caught.value.code is ErrorCode.MODEL_MISSING


def test_direct_refuses_a_photo_without_object() -> None:
    with pytest.raises(EngineError) as caught:
        reconstruct_directly(np.zeros((64, 64, 4), np.float32), SETTINGS)
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_prior_pulls_a_field_towards_the_prediction(prediction: ShapePrediction) -> None:
    grid = cube(32)
    prior = ShapePrior(prediction, grid)
    field = VoxelField(grid)
    everywhere = torch.arange(grid.count)
    optimiser = torch.optim.Adam([field.raw], lr=0.3)
    generator = torch.Generator().manual_seed(0)
    first = last = 0.0
    for step in range(80):
        loss = prior.loss(field, everywhere, generator)
        first, last = (float(loss.detach()) if step == 0 else first), float(loss.detach())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert last < 0.5 * first


def test_prior_fades_if_the_views_agree() -> None:
    config = PriorConfig()
    assert config.fading(config.consistent_error) == 0
    assert config.fading(config.inconsistent_error) == 1
    assert 0 < config.fading((config.consistent_error + config.inconsistent_error) / 2) < 1
