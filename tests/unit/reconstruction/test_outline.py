# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume cut to the photo's outline, and raised where a ray inside it meets nothing."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.shapes import BLOCK, photograph

from engine import camera
from engine.fields.voxel_grid import VoxelGrid, cube
from engine.mesh.photo import Photo, depth_map
from engine.mesh.surface import extract
from engine.reconstruction.outline import fit_to_outline
from engine.reconstruction.posed_images import input_photo

GRID = cube(64)
ISO_VALUE = 1.0


@pytest.fixture(scope="module")
def photo() -> Photo:
    rgba = photograph(BLOCK, [(0.0, 10.0)], size=128).images[0]
    return input_photo(rgba, camera.FOV_DEG, 10.0, 1.85)


def outline_iou(values: np.ndarray, grid: VoxelGrid, photo: Photo) -> float:
    mesh = extract(values, ISO_VALUE, grid.low, grid.voxel_size)
    seen, wanted = np.isfinite(depth_map(photo, mesh)), photo.rgba[..., 3] >= 0.5
    return float((seen & wanted).sum() / (seen | wanted).sum())


def test_outline_cuts_what_leaves_the_silhouette(photo: Photo) -> None:
    solid = np.full(GRID.shape, 2 * ISO_VALUE, np.float32)
    assert outline_iou(solid, GRID, photo) < 0.7
    assert outline_iou(fit_to_outline(solid, ISO_VALUE, GRID, photo), GRID, photo) > 0.97


def test_outline_covers_rays_that_meet_nothing(photo: Photo) -> None:
    fog = np.full(GRID.shape, 0.5 * ISO_VALUE, np.float32)
    assert outline_iou(fit_to_outline(fog, ISO_VALUE, GRID, photo), GRID, photo) > 0.9


def test_outline_of_an_empty_photo_changes_nothing(photo: Photo) -> None:
    empty = Photo(np.zeros_like(photo.rgba), photo.camera_to_world, photo.focal)
    values = np.ones(GRID.shape, np.float32)
    assert fit_to_outline(values, ISO_VALUE, GRID, empty) is values
