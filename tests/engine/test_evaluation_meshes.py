# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of meshes, on shapes whose scores can be worked out."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from shapes import BLOCK, contains, mesh_contains

from engine.evaluation.meshes import (
    compare,
    distances,
    load_mesh,
    normalised,
    occupancy,
    sample_surface,
    similarity_icp,
)
from engine.mesh.triangles import Triangles


def box(*sides: float) -> Triangles:
    mesh = trimesh.creation.box(sides)
    return Triangles(np.array(mesh.vertices), np.array(mesh.faces))


def cells(count: int) -> np.ndarray:
    axis = (np.arange(count) + 0.5) / count - 0.5
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def test_a_mesh_against_itself_scores_the_sampling_floor() -> None:
    scores = compare(box(1, 0.6, 0.4), box(2, 1.2, 0.8), points=20_000)
    assert scores.iou == 1
    assert scores.chamfer < 0.01
    assert scores.f_score > 0.999
    assert scores == compare(box(1, 0.6, 0.4), box(2, 1.2, 0.8), points=20_000)


def test_the_iou_of_boxes_is_the_ratio_of_their_volumes() -> None:
    assert compare(box(1, 0.5, 0.5), box(1, 1, 1), points=100).iou == pytest.approx(0.25)


def test_distances_of_shifted_planes_are_the_shift() -> None:
    plane = np.stack([*np.meshgrid(np.linspace(0, 1, 50), np.linspace(0, 1, 50)),
                      np.zeros((50, 50))], -1).reshape(-1, 3)
    chamfer, f_score = distances(plane, plane + np.array([0, 0, 0.019]))
    assert (chamfer, f_score) == pytest.approx((0.019, 1))
    chamfer, f_score = distances(plane, plane + np.array([0, 0, 0.021]))
    assert (chamfer, f_score) == pytest.approx((0.021, 0))


def test_icp_undoes_a_small_similarity() -> None:
    points = sample_surface(box(1, 0.6, 0.4), 8000, np.random.default_rng(0))
    turn = trimesh.transformations.rotation_matrix(np.radians(4), [0.2, 0.3, 1])[:3, :3]
    moved = 0.97 * points @ turn.T + [0.01, -0.02, 0.01]
    assert distances(moved, points)[0] > 0.015
    assert np.abs(similarity_icp(moved, points) - points).max() < 0.01


def test_samples_are_uniform_over_the_area() -> None:
    points = sample_surface(box(1, 1, 0.2), 20_000, np.random.default_rng(0))
    top_and_bottom = np.isclose(np.abs(points[:, 2]), 0.1).mean()
    assert top_and_bottom == pytest.approx(2 / 2.8, abs=0.01)
    assert np.abs(points.mean(0)).max() < 0.01


def test_occupancy_agrees_with_the_solid_angle() -> None:
    ring = trimesh.creation.torus(0.33, 0.12)
    mesh = normalised(Triangles(np.array(ring.vertices), np.array(ring.faces)))
    mesh.vertices = mesh.vertices @ trimesh.transformations.euler_matrix(0.3, 0.5, 0.7)[:3, :3].T
    ours = occupancy(mesh, 12).reshape(-1)
    assert (ours == mesh_contains(mesh.vertices, mesh.faces, cells(12))).all()
    assert 0.05 < ours.mean() < 0.5


def test_axes_are_not_mixed_up() -> None:
    mesh = box(0.9, 0.5, 0.2)
    mesh.vertices = mesh.vertices + np.array([0.02, 0.1, -0.2])
    expected = (np.abs(cells(20) - [0.02, 0.1, -0.2]) < [0.45, 0.25, 0.1]).all(1)
    assert (occupancy(mesh, 20).reshape(-1) == expected).all()


def test_a_hole_in_a_scan_does_not_empty_it() -> None:
    mesh = box(1, 1, 1)
    top = (mesh.vertices[mesh.faces][..., 2] > 0.4).all(1)
    holed = Triangles(mesh.vertices, mesh.faces[~top])
    assert occupancy(holed, 16).mean() > 0.99


def test_a_file_is_read_with_z_up(tmp_path) -> None:
    tall = trimesh.creation.box((0.2, 1.0, 0.4))  # glTF: Y is up
    tall.export(tmp_path / "tall.glb")
    np.testing.assert_allclose(np.ptp(load_mesh(tmp_path / "tall.glb").vertices, axis=0),
                               [0.2, 0.4, 1.0], atol=1e-6)


def test_shapes_contain_what_they_say() -> None:
    assert contains(BLOCK, np.array([[0.3, 0, 0], [0, 0.5, 0]])).tolist() == [True, False]
