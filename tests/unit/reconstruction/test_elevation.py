# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elevation of an image's camera, estimated from the consistency of views."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import run
from helpers.shapes import BLOCK, photograph

from engine.core.errors import EngineError, ErrorCode
from engine.reconstruction.elevation import estimate_elevation, relative_poses

POSES = [*relative_poses(), (0.0, 0.0)]


def silhouettes(elevation_deg: float) -> np.ndarray:
    """Silhouettes of a block for cameras at these poses, if the image was taken from this
    elevation.
    """
    cameras = [(azimuth, elevation_deg + higher) for azimuth, higher in POSES]
    return photograph(BLOCK, cameras).images[..., 3]


@pytest.mark.parametrize("elevation_deg", [-7.0, 12.0, 31.0, 48.0])
def test_estimate_elevation_recovers_the_true_elevation(elevation_deg: float) -> None:
    estimate = estimate_elevation(silhouettes(elevation_deg), POSES, 1.85)
    assert abs(estimate.elevation_deg - elevation_deg) < 5
    assert max(estimate.agreement) > 0.85


def test_estimate_elevation_tolerates_one_wrong_view() -> None:
    alpha = silhouettes(20.0)
    alpha[5] = 0
    assert abs(estimate_elevation(alpha, POSES, 1.85).elevation_deg - 20.0) < 6


def test_estimate_elevation_refuses_empty_views() -> None:
    with pytest.raises(EngineError) as caught:
        estimate_elevation(np.zeros((len(POSES), 32, 32)), POSES, 1.85)
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.slow
def test_elevation_command_compares_views_of_nano(project_root: Path,
                                                  tmp_path: Path) -> None:
    out = tmp_path / "elevation.json"
    assert run("elevation", project_root / "tools/demo/bottle.png", "--out", out,
               "--evidence", "views") == 0
    document = json.loads(out.read_text())
    assert document["schema"] == "zero123.elevation/1"
    best = max(document["candidates"], key=lambda candidate: candidate["agreement"])
    assert abs(document["elevation_deg"] - best["elevation_deg"]) <= 5
    # Rendered from 20 degrees; the model is a small one.
    assert abs(document["elevation_deg"] - 20) < 20
