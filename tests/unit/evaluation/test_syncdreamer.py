# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh metrics of SyncDreamer's evaluation, on shapes whose scores are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from engine.evaluation.meshes import parity_occupancy
from engine.evaluation.syncdreamer import (
    GRID,
    compare_syncdreamer,
    grid_iou,
    visible_points,
    voxel_means,
)
from engine.mesh.triangles import Triangles


def triangles(mesh: trimesh.Trimesh) -> Triangles:
    return Triangles(np.array(mesh.vertices, float), np.array(mesh.faces))


def box(*sides: float) -> Triangles:
    return triangles(trimesh.creation.box(sides))


def test_compare_syncdreamer_scores_the_truth_best() -> None:
    scores = compare_syncdreamer(box(1, 0.6, 0.4), box(2, 1.2, 0.8))
    assert scores.chamfer == pytest.approx(0, abs=1e-9) and scores.iou == 1


def test_compare_syncdreamer_aligns_nothing() -> None:
    truth = box(1, 0.6, 0.4)
    moved = Triangles(truth.vertices + [0, 0, 0.02], truth.faces)
    assert compare_syncdreamer(moved, truth).chamfer > 0.004


def test_visible_points_lie_on_the_seen_surface() -> None:
    """The inner of two spheres and the outer one's bottom are hidden from 30 degrees above."""
    outer, inner = trimesh.creation.icosphere(3, 0.5), trimesh.creation.icosphere(2, 0.2)
    points = visible_points(triangles(trimesh.util.concatenate([outer, inner])))
    assert np.linalg.norm(points, axis=1) == pytest.approx(0.5, abs=0.01)
    lowest = np.sin(np.radians(30) - np.arccos(0.5 / 1.5)) * 0.5
    assert points[:, 2].min() == pytest.approx(lowest, abs=0.01)


def test_voxel_means_average_each_voxel() -> None:
    points = np.array([[0, 0, 0], [0.004, 0, 0], [0.5, 0, 0]])
    assert voxel_means(points) == pytest.approx(np.array([[0.002, 0, 0], [0.5, 0, 0]]))


def test_grid_iou_samples_the_grid_of_mesh2sdf() -> None:
    """The points are -1 + 2 i / 64: a box of 0.51 contains 17 of them along each axis."""
    small, large = box(0.51, 0.51, 0.51), box(1.01, 1.01, 1.01)
    assert grid_iou(small, large) == pytest.approx(17**3 / 33**3)
    assert GRID == 64


def test_parity_occupancy_flips_inside_a_second_shell() -> None:
    outer = trimesh.creation.box((0.9, 0.9, 0.9))
    inner = trimesh.creation.box((0.5, 0.3, 0.3))
    inside = parity_occupancy(triangles(trimesh.util.concatenate([outer, inner])), 20)
    assert not inside[10, 10, 10] and inside[2, 10, 10] and inside[10, 5, 10]
    assert not inside[0, 10, 10]
