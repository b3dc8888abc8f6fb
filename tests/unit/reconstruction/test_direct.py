# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The direct method with the prediction of a known shape instead of the network's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.reconstruction import split
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph

from engine.camera import FOV_DEG, camera_to_world
from engine.core.errors import EngineError, ErrorCode
from engine.fields.rays import focal_ndc
from engine.mesh.photo import Photo
from engine.reconstruction import reconstruct_directly, shape_network
from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import frustum_points
from engine.shape.prediction import predict
from engine.shape.symmetry import symmetric

ELEVATION = 10.0
SETTINGS, _ = split({"input_elevation_deg": ELEVATION, "faces": 3000, "texture_size": 128})


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=128).images[0]


@pytest.fixture(scope="module")
def prediction() -> ShapePrediction:
    points = frustum_points(0.0, ELEVATION, 1.85)
    inside = contains(BLOCK, points.reshape(-1, 3)).reshape(points.shape[:3])
    return ShapePrediction(np.where(inside, 0.95, 0.05).astype(np.float32), inside.any(0),
                           ELEVATION, 1.85)


@pytest.mark.slow
def test_direct_makes_a_closed_mesh_of_the_prediction(
        photo: np.ndarray, prediction: ShapePrediction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconstruction.direct.predict_shape", lambda *_: prediction)
    result = reconstruct_directly(photo, SETTINGS)
    assert result.mesh.is_watertight
    points = grid_points()
    truth = contains(BLOCK, points)
    assert iou(mesh_contains(result.mesh.vertices, result.mesh.faces, points), truth) > 0.75
    assert [stage["name"] for stage in result.stages] == ["shape", "surface", "unwrap", "texture"]


def test_predict_shape_is_symmetric_unlike_the_network(photo: np.ndarray) -> None:
    camera = Photo(photo, camera_to_world(0.0, ELEVATION, 1.85), focal_ndc(FOV_DEG))
    alone = predict(photo, ELEVATION, 1.85)
    found = shape_network.predict_shape(camera, SETTINGS).probabilities
    np.testing.assert_array_equal(found, symmetric(alone).probabilities)
    assert np.abs(found - alone.probabilities).max() > 0.1


def test_direct_without_weights_names_the_model(
        photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_network, "WEIGHTS", tmp_path)
    with pytest.raises(EngineError) as caught:
        reconstruct_directly(photo, SETTINGS)
    assert caught.value.code is ErrorCode.MODEL_MISSING


def test_direct_refuses_a_photo_without_object() -> None:
    with pytest.raises(EngineError) as caught:
        reconstruct_directly(np.zeros((64, 64, 4), np.float32), SETTINGS)
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.slow
def test_direct_and_previews_start_without_diffusers() -> None:
    """Importing diffusers takes longer than the rest of the direct method together."""
    script = ("import sys, engine.jobs.mesh, engine.reconstruction.preview; "
              "from engine.models import resolve_device; "
              "sys.exit('diffusers' in sys.modules or 'trimesh' in sys.modules)")
    root = Path(shape_network.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
