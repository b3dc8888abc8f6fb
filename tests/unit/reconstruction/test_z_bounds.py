# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimated ends of flat bases, lids, necks, rims and round bases are right; pointed objects
and views from above are not cut off."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from helpers.reconstruction import fit_images, posed_images
from helpers.shapes import Box, contains, photograph

from engine import camera
from engine.fields.occupancy import Occupancy
from engine.fields.rays import camera_rays
from engine.fields.render import render
from engine.fields.voxel_field import EMPTY_RAW, VoxelField, raw_of
from engine.fields.voxel_grid import VoxelGrid, cube
from engine.reconstruction.extraction import extract_mesh
from engine.reconstruction.fit import Fit, hull_of
from engine.reconstruction.z_bounds import UNBOUNDED, ZBounds, ZBoundsInputs, estimate_z_bounds

GREY = (0.6, 0.6, 0.6)
CRATE = Box((0, 0, 0), (0.4, 0.35, 0.3), GREY)
NECK = Box((0, 0, 0.25), (0.08, 0.08, 0.2), GREY)
SPIRE = [Box((0, 0, 0.05 * step), (0.4 - 0.07 * step, 0.4 - 0.07 * step, 0.025), GREY)
         for step in range(6)]
TRAY = [Box((0, 0, 0), (0.4, 0.4, 0.1), GREY)] + [
    Box(centre, half_size, GREY) for side in (-0.38, 0.38) for centre, half_size in (
        ((side, 0, 0.14), (0.02, 0.4, 0.04)), ((0, side, 0.14), (0.4, 0.02, 0.04)))]


def fitted(boxes: list[Box], low_deg: float = 0.0, high_deg: float = 40.0) -> Fit:
    """A field fitted to objects of one colour, seen from two rings."""
    views = photograph(boxes, camera.two_ring_orbit(16, low_deg, high_deg), size=96)
    return fit_images(posed_images(views), cube(64), iterations=50)


@pytest.fixture(scope="module")
def crate() -> Fit:
    return fitted([CRATE])


@pytest.mark.slow
def test_z_bounds_cut_off_cones_at_flat_ends(crate: Fit) -> None:
    """Without the bounds, the cones reach 0.1 beyond a crate that ends at -0.3 and 0.3."""
    size = crate.hull.voxel_grid.voxel_size
    mesh = extract_mesh(crate, 4000)
    assert mesh.is_watertight
    low, high = mesh.vertices[:, 2].min(), mesh.vertices[:, 2].max()
    assert abs(low - -0.3) < 0.6 * size
    assert abs(high - 0.3) < 0.6 * size
    whole = hull_of(crate.images, crate.hull.voxel_grid).bound.nonzero()[:, 2] * size - 0.6
    assert whole.min() < -0.36
    assert whole.max() > 0.36


@pytest.mark.slow
def test_z_bounds_detect_a_narrow_flat_end() -> None:
    fit = fitted([Box((0, 0, -0.15), (0.3, 0.3, 0.2), GREY), NECK])
    assert abs(fit.z_bounds.high - 0.45) < fit.hull.voxel_grid.voxel_size


def ends_of(there: np.ndarray, voxel_grid: VoxelGrid) -> ZBounds:
    """The ends of a field that is solid exactly in the given voxels."""
    field = VoxelField(voxel_grid)
    with torch.no_grad():
        field.raw[0, 0] = torch.where(torch.from_numpy(there).reshape(voxel_grid.shape),
                                      raw_of(400.0), EMPTY_RAW)
    poses = np.array(camera.two_ring_orbit(16)).T
    cameras = torch.from_numpy(camera.camera_to_world(*poses, 1.85)).float()
    rays = camera_rays(cameras, 128, camera.FOV_DEG, voxel_grid)
    occupancy = Occupancy(torch.ones(voxel_grid.shape, dtype=torch.bool), voxel_grid)
    with torch.no_grad():
        seen = render(field, rays, occupancy, voxel_grid.voxel_size / 2)
    alpha = seen.alpha.reshape(-1, 128, 128)
    return estimate_z_bounds(
        field, ZBoundsInputs(rays, alpha, cameras, camera.FOV_DEG, occupancy))


@pytest.mark.slow
def test_z_bounds_detect_an_open_rim() -> None:
    """A low object, so that little of its cross-section is left a few voxels above the floor."""
    voxel_grid = cube(64)
    ends = ends_of(contains(TRAY, voxel_grid.centres().double().numpy()), voxel_grid)
    assert abs(ends.high - 0.18) < voxel_grid.voxel_size
    assert abs(ends.low - -0.1) < voxel_grid.voxel_size


def ellipsoid(half_size: tuple[float, float, float], voxel_grid: VoxelGrid) -> np.ndarray:
    return ((voxel_grid.centres() / torch.tensor(half_size)).norm(dim=-1) <= 1).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("half_size, voxels", [((0.45, 0.45, 0.45), 0.4), ((0.45, 0.3, 0.3), 0.7)])
def test_z_bounds_extrapolate_a_round_base(half_size: tuple[float, float, float],
                                           voxels: float) -> None:
    """Cameras beside a ball see none of its lowest 0.7 voxels, and their cone ends as far below."""
    voxel_grid = cube(64)
    ends = ends_of(ellipsoid(half_size, voxel_grid), voxel_grid)
    assert abs(ends.low - -half_size[2]) < voxels * voxel_grid.voxel_size
    assert ends.high == math.inf


@pytest.mark.slow
def test_z_bounds_keep_a_pointed_end() -> None:
    fit = fitted(SPIRE)
    assert fit.z_bounds.high == math.inf
    assert abs(fit.z_bounds.low - -0.025) < fit.hull.voxel_grid.voxel_size


@pytest.mark.slow
def test_z_bounds_are_infinite_for_views_from_above() -> None:
    """In such views a cap may hide a stem."""
    assert fitted([CRATE], low_deg=40.0, high_deg=60.0).z_bounds == UNBOUNDED
