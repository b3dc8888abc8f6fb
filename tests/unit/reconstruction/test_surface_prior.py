# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The predicted shape mends the surface of a field that was fitted to blurred views."""

from __future__ import annotations

from math import radians, tan

import numpy as np
import pytest
import torch

from engine.camera import FOV_DEG, camera_to_world
from engine.fields.voxel_grid import cube
from engine.mesh.photo import Photo
from engine.reconstruction.hull import Hull
from engine.reconstruction.iso_value import Volume
from engine.reconstruction.shape_prior import ShapePrior
from engine.reconstruction.surface_prior import with_prior
from engine.shape.frustum import ShapePrediction
from engine.shape.geometry import frustum_points, image_rays
from engine.shape.prediction import silhouette_rays

GRID = cube(48)
DISTANCE = GRID.centres().norm(dim=1).reshape(GRID.shape)
RADIUS = 0.35
"""Radius of a ball, in scene units; the camera stands at +X."""
ISO_VALUE = 4.0


@pytest.fixture(scope="module")
def photo() -> Photo:
    """The ball as a white disc."""
    eye, rays = image_rays(0.0, 0.0, 1.85, 128)
    inside = np.linalg.norm(np.cross(rays, eye), axis=-1) < RADIUS
    return Photo(np.repeat(inside[..., None].astype(np.float32), 4, axis=2),
                 camera_to_world(0.0, 0.0, 1.85), 1 / tan(radians(FOV_DEG) / 2))


def prior_of(photo: Photo, weight: float) -> ShapePrior:
    distance = np.linalg.norm(frustum_points(0.0, 0.0, 1.85), axis=-1)
    silhouette = silhouette_rays(photo.rgba[..., 3])
    probabilities = np.where(distance < RADIUS, 0.95, 0.03).astype(np.float32) * silhouette
    hull = Hull(torch.ones(GRID.shape, dtype=torch.bool), torch.full(GRID.shape, 0.9),
                torch.zeros(*GRID.shape, 3), GRID)
    return ShapePrior(ShapePrediction(probabilities, silhouette, 0.0, 1.85), hull, weight)


def ball(missing: torch.Tensor) -> Volume:
    """A fitted ball from which voxels are missing."""
    solid = (DISTANCE < RADIUS) & ~missing
    return Volume(torch.where(solid, ISO_VALUE + 2, ISO_VALUE - 2), (ISO_VALUE,))


def occupied(volume: Volume) -> torch.Tensor:
    """Voxels inside the surface at log-odds of 0."""
    return volume.values > volume.iso_values[len(volume.iso_values) // 2]


def dent(radius: float = 0.12) -> torch.Tensor:
    """Voxels around the ball's rightmost point."""
    offset = GRID.centres() - torch.tensor([0.0, RADIUS, 0.0])
    return (offset.norm(dim=1) < radius).reshape(GRID.shape)


def test_prior_fills_a_dent_in_the_surface(photo: Photo) -> None:
    found = occupied(with_prior(ball(dent()), ISO_VALUE, GRID, prior_of(photo, 1.0), photo))
    inner = dent() & (DISTANCE < RADIUS - 0.05)
    assert inner.sum() > 20
    assert found[inner].float().mean() > 0.95


def test_prior_of_little_weight_keeps_the_fit(photo: Photo) -> None:
    found = occupied(with_prior(ball(dent()), ISO_VALUE, GRID, prior_of(photo, 0.05), photo))
    assert not found[dent(radius=0.07)].any()


def test_prior_keeps_what_both_agree_on(photo: Photo) -> None:
    nothing = torch.zeros(GRID.shape, dtype=torch.bool)
    found = occupied(with_prior(ball(nothing), ISO_VALUE, GRID, prior_of(photo, 1.0), photo))
    truth = DISTANCE < RADIUS
    assert (found & truth).sum() / (found | truth).sum() > 0.9
