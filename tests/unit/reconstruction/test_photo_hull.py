# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hollows that no silhouette shows are found by the views' colours if the views agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.reconstruction import fit_images, posed_images
from helpers.shapes import Box, contains, grid_points, mesh_contains, photograph

from engine import camera
from engine.fields.hash_grid import HashField
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.reconstruction.extraction import extract_mesh
from engine.reconstruction.fit import (
    CARVED_RAW,
    SMOOTHING_DECAY,
    ViewFitStage,
    hull_of,
    initial_field,
)
from engine.reconstruction.photo_hull import CarveMask, CarvingConfig, find_carve_mask, surface_of
from engine.reconstruction.posed_images import PosedImages, pixels_for

LATTICE = cube(48)
FLOOR = Box((0, 0, -0.2), (0.45, 0.45, 0.05))
WALLS = [Box((0.4, 0, 0), (0.05, 0.45, 0.25)), Box((-0.4, 0, 0), (0.05, 0.45, 0.25)),
         Box((0, 0.4, 0), (0.45, 0.05, 0.25)), Box((0, -0.4, 0), (0.45, 0.05, 0.25))]


def tiled(boxes: list[Box], side: float = 0.1,
          colours: tuple[float, float] = (0.1, 0.9)) -> list[Box]:
    """The same shape divided into cubes of about this side, each in another colour."""
    generator = np.random.default_rng(0)
    tiles = []
    for box in boxes:
        half = np.array(box.half_size)
        counts = np.maximum(np.round(2 * half / side), 1).astype(int)
        places = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
        centres = box.centre + half * ((2 * places + 1) / counts - 1)
        tiles += [Box(tuple(centre.tolist()), tuple((half / counts).tolist()),
                      tuple(generator.uniform(*colours, 3).tolist()))
                  for centre in centres]
    return tiles


TRAY = tiled([FLOOR, *WALLS], 0.15)
HOLLOW = [Box((0, 0, 0.075), (0.29, 0.29, 0.155))]
"""Inside the tray, a little away from its walls and floor."""


def images_of(boxes: list[Box]) -> PosedImages:
    return posed_images(photograph(boxes, camera.two_ring_orbit(16), size=96))


def inside(boxes: list[Box]) -> torch.Tensor:
    return torch.from_numpy(contains(boxes, LATTICE.centres().numpy())).reshape(LATTICE.shape)


def carving_of(images: PosedImages, solid: torch.Tensor) -> CarveMask:
    return find_carve_mask(solid, images, LATTICE, pixels_for(LATTICE))


def carved_of(images: PosedImages, solid: torch.Tensor) -> torch.Tensor:
    return carving_of(images, solid).mask


def tinted(images: PosedImages) -> PosedImages:
    """The same views, each in other colours, as if every view showed another object."""
    tints = torch.rand(len(images.rgba), 1, 1, 3, generator=torch.Generator().manual_seed(0))
    rgba = images.rgba.clone()
    rgba[..., :3] *= tints
    return replace(images, rgba=rgba)


@pytest.fixture(scope="module")
def tray() -> PosedImages:
    return images_of(TRAY)


@pytest.mark.slow
def test_carving_opens_a_hollow_and_keeps_walls(tray: PosedImages) -> None:
    hull = hull_of(tray, LATTICE).bound
    assert hull[inside(HOLLOW)].all()
    gone = carved_of(tray, hull)
    assert gone[inside(HOLLOW)].float().mean() > 0.85
    assert gone[inside(TRAY)].float().mean() < 0.1


@pytest.mark.slow
def test_carving_opens_a_hollow_of_similar_colours() -> None:
    images = images_of(tiled([FLOOR, *WALLS], 0.2, (0.30, 0.36)))
    gone = carved_of(images, hull_of(images, LATTICE).bound)
    assert gone[inside(HOLLOW)].float().mean() > 0.85
    assert gone[inside(TRAY)].float().mean() < 0.2


@pytest.fixture
def unstopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration without the limits that stop carving if views disagree too much."""
    monkeypatch.setattr("engine.reconstruction.photo_hull.CONFIG", CarvingConfig(
        max_unreliable_ratio=1.0, expected_gain=(9.0, 9.0)))


@pytest.mark.usefixtures("unstopped")
def test_carving_keeps_a_thin_dark_object() -> None:
    """Pixels at its edges are mixed with white, and most of its surface is near an edge."""
    blade = [Box((0, 0, 0), (0.3, 0.15, 0.05), (0.1, 0.1, 0.12))]
    images = images_of(blade)
    gone = carved_of(images, hull_of(images, LATTICE).bound)
    assert gone[inside(blade)].float().mean() < 0.02


@pytest.mark.slow
@pytest.mark.usefixtures("unstopped")
def test_carving_keeps_a_solid_with_fine_texture() -> None:
    body = Box((0, 0, 0), (0.18, 0.18, 0.12))
    images = images_of(tiled([body], 0.06))
    gone = carved_of(images, inside([body]))
    assert gone[inside([body])].float().mean() < 0.02


@pytest.mark.slow
def test_carving_moves_surface_to_where_views_agree() -> None:
    body = Box((0, 0, 0), (0.3, 0.25, 0.2))
    larger = Box((0, 0, 0.03), (0.3, 0.25, 0.23))
    images = images_of(tiled([body]))
    gone = carved_of(images, inside([larger]))
    extra = inside([Box((0, 0, 0.24), (0.2, 0.15, 0.025))])
    assert gone[extra].float().mean() > 0.85
    assert gone[inside([body])].float().mean() < 0.05


def test_carving_keeps_a_consistent_object(tray: PosedImages) -> None:
    assert carved_of(tray, inside(TRAY)).sum() < 0.02 * inside(TRAY).sum()


def test_carving_ignores_inconsistent_views(tray: PosedImages) -> None:
    hull = hull_of(tray, LATTICE).bound
    found = carving_of(tinted(tray), hull)
    assert not found.mask.any()
    assert not found.is_consistent


def test_carving_removes_nothing_above_the_given_ratio(tray: PosedImages) -> None:
    solid = hull_of(tray, LATTICE).bound
    found = find_carve_mask(solid, tray, LATTICE, pixels_for(LATTICE), 0.01)
    assert not found.mask.any()
    assert found.inconsistent_ratio > 0.01


@pytest.mark.slow
def test_views_are_consistent_after_carving(tray: PosedImages) -> None:
    """Most of a hollow's lid is inconsistent before carving, and nothing below it."""
    found = carving_of(tray, hull_of(tray, LATTICE).bound)
    assert found.mask.any()
    assert found.is_consistent


@pytest.mark.slow
@pytest.mark.parametrize("agree", [True, False])
def test_smoothing_decays_only_for_consistent_views(tray: PosedImages, agree: bool) -> None:
    """Inconsistent views of a model still need the smoothing."""
    hull = hull_of(tray, LATTICE)
    problem = ViewFitStage(tray if agree else tinted(tray), hull, torch.Generator())
    field = initial_field(hull)
    level = problem.begin(field, range(2))
    assert level.rates.smoothing_decay == SMOOTHING_DECAY  # the consistency is not known yet
    level = problem.begin(field, range(2, 5))
    assert level.rates.smoothing_decay == (SMOOTHING_DECAY if agree else 1)


def test_surface_of_returns_voxels_with_empty_neighbours() -> None:
    solid = torch.zeros(6, 6, 6, dtype=torch.bool)
    solid[:4, 1:5, 1:5] = True
    expected = solid.clone()
    expected[1:3, 2:4, 2:4] = False  # outside the voxel grid nothing is occupied
    assert torch.equal(surface_of(solid), expected)


@pytest.mark.slow
def test_fit_of_a_tray_is_hollow(tray: PosedImages) -> None:
    mesh = extract_mesh(fit_images(tray, LATTICE, iterations=60), 6000)
    assert mesh.is_watertight
    points = grid_points(24)
    filled = mesh_contains(mesh.vertices, mesh.faces, points)
    assert filled[contains(HOLLOW, points)].mean() < 0.25
    assert filled[contains([FLOOR], points)].mean() > 0.9


@pytest.mark.slow
def test_resumed_fit_keeps_the_carved_voxels(tray: PosedImages) -> None:
    """A hash grid is added to a start field that no checkpoint contains, so the checkpoint stores
    the carved voxels and the consistency of the views.
    """
    hull = hull_of(tray, LATTICE)
    stopped, resumed = (ViewFitStage(tray, hull, torch.Generator()) for _ in range(2))
    stopped.begin(initial_field(hull), range(2, 5))
    state = stopped.state()
    assert state["contradicted"].any()
    resumed.restore(state)
    solid = VoxelField(LATTICE).requires_grad_(False)
    solid.raw[0, 0] = 1.0
    resumed.begin(solid, range(2, 5))
    assert torch.equal(solid.raw[0, 0] < 1, state["contradicted"])
    assert resumed.carve_mask.inconsistent_ratio == stopped.carve_mask.inconsistent_ratio


def test_cap_density_applies_to_start_of_hash_grid() -> None:
    start = VoxelField(LATTICE)
    with torch.no_grad():
        start.raw[0, 0] = 1.0
    field = HashField(start)
    where = inside([FLOOR])
    field.cap_density(where, CARVED_RAW)
    raw = field.as_grid().raw[0, 0].detach()
    assert torch.allclose(raw[where], torch.tensor(CARVED_RAW), atol=1e-5)
    assert torch.allclose(raw[~where], torch.tensor(1.0), atol=1e-5)
