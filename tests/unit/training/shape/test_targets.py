# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of the shape network: carved voxels, their frustum samples, rendered images."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("embreex", reason="preparing training data needs embreex")

from engine.shape.geometry import BIN_LENGTH, BINS, IMAGE_SIZE, RAYS, REACH, frustum_points
from engine.training.shape.carving import RayScene, carve, sphere_directions
from engine.training.shape.objects import TexturedObject, synthetic_object
from engine.training.shape.rendering import frustum_target, random_cameras, random_look, render

VOXELS = 64
CAMERA = np.array([40.0, 20.0, 1.85])


def box_corners(low, high, open_top: bool = False) -> np.ndarray:
    """Triangles of an axis-aligned box, without its upper face if it is open."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    quads = []
    for axis in range(3):
        for value in (low[axis], high[axis]):
            if open_top and axis == 2 and value == high[2]:
                continue
            u, v = (axis + 1) % 3, (axis + 2) % 3
            quad = np.zeros((4, 3))
            quad[:, axis] = value
            quad[:, u] = [low[u], high[u], high[u], low[u]]
            quad[:, v] = [low[v], low[v], high[v], high[v]]
            quads.append(quad if value == high[axis] else quad[::-1])
    return np.concatenate([quad[[[0, 1, 2], [0, 2, 3]]] for quad in quads]).astype(np.float32)


def box_object(corners: np.ndarray) -> TexturedObject:
    return TexturedObject("box", "test", corners, np.zeros((len(corners), 3, 2), np.float32),
                          np.zeros(len(corners), int), [np.full((2, 2, 3), 200, np.uint8)])


SOLID = box_corners([-0.3, -0.2, -0.25], [0.3, 0.2, 0.25])


def test_carve_finds_a_solid_box() -> None:
    solid = carve(RayScene(SOLID), voxels=VOXELS)
    assert solid.mean() == pytest.approx(0.6 * 0.4 * 0.5, rel=0.1)
    centre = (np.arange(VOXELS) + 0.5) / VOXELS - 0.5
    inside = np.ix_(abs(centre) < 0.28, abs(centre) < 0.18, abs(centre) < 0.23)
    assert solid[inside].all()


def test_carve_keeps_an_open_box_hollow() -> None:
    solid = carve(RayScene(box_corners([-0.4, -0.4, -0.2], [0.4, 0.4, 0.2], open_top=True)),
                  voxels=VOXELS)
    middle = VOXELS // 2
    assert not solid[middle, middle, middle]
    assert solid[middle, middle].any()
    assert solid[:, middle, middle].any()


def test_carve_keeps_a_sheet() -> None:
    sheet = box_corners([-0.4, -0.3, 0.0], [0.4, 0.3, 0.0])
    solid = carve(RayScene(sheet), voxels=VOXELS)
    seen = solid.any(2)
    assert seen.mean() == pytest.approx(0.8 * 0.6, rel=0.1)
    assert solid.sum(2)[seen].mean() < 4.5


def test_carving_views_cover_all_directions() -> None:
    views = sphere_directions(72)
    np.testing.assert_allclose(np.linalg.norm(views, axis=1), 1)
    others = np.random.default_rng(0).normal(size=(2000, 3))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert np.degrees(np.arccos((others @ views.T).max(1))).max() < 18


def test_frustum_target_agrees_with_the_solid() -> None:
    solid = carve(RayScene(SOLID), voxels=VOXELS)
    target = frustum_target(solid, CAMERA, np.ones((IMAGE_SIZE, IMAGE_SIZE), bool))
    points = frustum_points(*CAMERA)
    inside = (np.abs(points) < np.array([0.3, 0.2, 0.25])).all(-1)
    assert target.shape == (BINS, RAYS, RAYS)
    found = target >= 4
    assert (found & inside).sum() / (found | inside).sum() > 0.85


def test_frustum_target_depth_of_a_wall() -> None:
    """The first occupied bin of the central ray is where the box begins."""
    solid = carve(RayScene(SOLID), voxels=VOXELS)
    camera = np.array([0.0, 0.0, 1.85])
    target = frustum_target(solid, camera, np.ones((IMAGE_SIZE, IMAGE_SIZE), bool))
    first = (target[:, RAYS // 2, RAYS // 2] >= 4).argmax()
    assert first == pytest.approx((1.85 - 0.3 - 1.85 + REACH) / BIN_LENGTH, abs=1.1)


def test_frustum_target_is_zero_outside_the_mask() -> None:
    mask = np.zeros((IMAGE_SIZE, IMAGE_SIZE), bool)
    mask[:, :64] = True
    target = frustum_target(np.ones((8, 8, 8), bool), CAMERA, mask)
    assert not target[:, :, 32:].any()
    assert target[:, :, :32].max() == 8


def test_render_alpha_is_the_projected_silhouette() -> None:
    rng = np.random.default_rng(0)
    image = render(box_object(SOLID), RayScene(SOLID), CAMERA[None], [random_look(rng)])[0]
    solid = carve(RayScene(SOLID), voxels=VOXELS)
    target = frustum_target(solid, CAMERA, np.ones((IMAGE_SIZE, IMAGE_SIZE), bool))
    alpha = image[..., 3].reshape(RAYS, 2, RAYS, 2).mean((1, 3)) > 127
    seen = target.max(0) >= 2
    assert (alpha & seen).sum() / (alpha | seen).sum() > 0.9


def test_render_depends_on_the_look() -> None:
    thing = synthetic_object(0)
    scene = RayScene(thing.corners)
    rng = np.random.default_rng(1)
    images = render(thing, scene, np.stack([CAMERA, CAMERA]),
                    [random_look(rng), random_look(rng)])
    assert images.shape == (2, IMAGE_SIZE, IMAGE_SIZE, 4)
    np.testing.assert_array_equal(images[0, ..., 3], images[1, ..., 3])
    assert (images[0, ..., :3] != images[1, ..., :3]).any()


def test_random_cameras_lie_in_the_stated_ranges() -> None:
    azimuth, elevation, radius = random_cameras(np.random.default_rng(0), 500).T
    assert azimuth.min() >= 0 and azimuth.max() <= 360
    assert -10 <= elevation.min() < -5 and 55 < elevation.max() <= 60
    assert radius.min() >= 1.5 and radius.max() <= 2.2


def test_corner_normals_are_smooth_only_on_smooth_surfaces() -> None:
    normals = box_object(SOLID).corner_normals()
    assert np.abs(normals).max(-1).min() == pytest.approx(1)
    turn = np.linspace(0, 2 * np.pi, 17)
    ring = np.stack([0.3 * np.cos(turn), 0.3 * np.sin(turn), 0 * turn], axis=1)
    strip = np.stack([ring[:-1], ring[1:], ring[:-1] + [0, 0, 0.2]], axis=1).astype(np.float32)
    normals = box_object(strip).corner_normals()[1:-1, 0]
    np.testing.assert_allclose(normals[:, :2], strip[1:-1, 0, :2] / 0.3, atol=0.25)
