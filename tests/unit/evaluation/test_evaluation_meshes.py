# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics of meshes, on shapes whose scores are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from helpers.shapes import BLOCK, contains, mesh_contains

from engine.evaluation.meshes import (
    Alignment,
    compare,
    distances,
    normalised,
    occupancy,
    sample_with_normals,
    similarity_icp,
)
from engine.mesh.triangles import Triangles


def box(*sides: float) -> Triangles:
    mesh = trimesh.creation.box(sides)
    return Triangles(np.array(mesh.vertices), np.array(mesh.faces))


def cells(count: int) -> np.ndarray:
    axis = (np.arange(count) + 0.5) / count - 0.5
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def test_compare_of_equal_meshes_is_the_sampling_floor() -> None:
    scores = compare(box(1, 0.6, 0.4), box(2, 1.2, 0.8), points=20_000)
    assert scores.iou == 1
    assert scores.chamfer < 0.01
    assert scores.f_score > 0.999
    assert scores == compare(box(1, 0.6, 0.4), box(2, 1.2, 0.8), points=20_000)


def test_alignments_forgive_scale_and_rotation() -> None:
    truth, turn = box(1, 0.6, 0.4), trimesh.transformations.rotation_matrix(0.1, [0.2, 0.3, 1])
    moved = Triangles(0.8 * truth.vertices @ turn[:3, :3].T + 0.05, truth.faces)
    none, scale, icp = (compare(moved, truth, points=5000, alignment=alignment)
                        for alignment in Alignment)
    assert none.chamfer > 1.5 * scale.chamfer > 2 * icp.chamfer
    assert none.iou < scale.iou < 0.96 < icp.iou
    assert icp.chamfer == icp.chamfer_icp == pytest.approx(scale.chamfer_icp)
    assert compare(truth, truth, points=5000, alignment=Alignment.NONE).iou == 1


def test_normal_consistency_is_the_mean_cosine() -> None:
    """A flat plate and one whose surface is a zigzag at 45 degrees, everywhere close to it."""
    assert compare(box(1, 0.6, 0.4), box(1, 0.6, 0.4), points=5000).normal_consistency > 0.95
    x = np.linspace(-0.5, 0.5, 401)
    zigzag = np.stack([np.repeat(x, 2), np.tile([-0.5, 0.5], 401),
                       np.repeat(np.arange(401) % 2 / 400, 2)], axis=1)
    first = 2 * np.arange(400)[:, None]
    faces = np.concatenate([first + [0, 2, 1], first + [1, 2, 3]])
    plane = Triangles(zigzag * [1, 1, 0], faces)
    score = compare(Triangles(zigzag, faces), plane, points=2000, alignment=Alignment.NONE)
    assert score.normal_consistency == pytest.approx(np.cos(np.pi / 4), abs=0.01)
    assert score.chamfer < 0.03


def test_points_have_no_normal_consistency() -> None:
    cloud = sample_with_normals(box(1, 0.6, 0.4), 500, np.random.default_rng(1))[0]
    assert compare(cloud, box(1, 0.6, 0.4), points=500).normal_consistency is None


def test_iou_counts_what_exceeds_the_truth() -> None:
    longer = Triangles(box(2, 1, 1).vertices + [0.5, 0, 0], box(2, 1, 1).faces)
    iou = compare(longer, box(1, 1, 1), points=100, alignment=Alignment.NONE).iou
    assert iou == pytest.approx(0.5)


def test_points_score_like_their_surface_without_iou() -> None:
    cloud = 3 * sample_with_normals(box(1, 0.6, 0.4), 30_000, np.random.default_rng(1))[0] + 2
    scores = compare(cloud, box(1, 0.6, 0.4), points=20_000)
    assert scores.chamfer < 0.01 and scores.f_score > 0.999
    assert scores.iou is None
    assert compare(cloud * [1, 1, 2], box(1, 0.6, 0.4), points=20_000).chamfer > 0.05


def test_iou_of_boxes_is_the_ratio_of_volumes() -> None:
    assert compare(box(1, 0.5, 0.5), box(1, 1, 1), points=100).iou == pytest.approx(0.25)


def test_distances_of_shifted_planes_are_the_shift() -> None:
    plane = np.stack([*np.meshgrid(np.linspace(0, 1, 50), np.linspace(0, 1, 50)),
                      np.zeros((50, 50))], -1).reshape(-1, 3)
    chamfer, f_score = distances(plane, plane + np.array([0, 0, 0.019]))
    assert (chamfer, f_score) == pytest.approx((0.019, 1))
    chamfer, f_score = distances(plane, plane + np.array([0, 0, 0.021]))
    assert (chamfer, f_score) == pytest.approx((0.021, 0))


def test_similarity_icp_undoes_a_small_similarity() -> None:
    points = sample_with_normals(box(1, 0.6, 0.4), 8000, np.random.default_rng(0))[0]
    turn = trimesh.transformations.rotation_matrix(np.radians(4), [0.2, 0.3, 1])[:3, :3]
    moved = 0.97 * points @ turn.T + [0.01, -0.02, 0.01]
    assert distances(moved, points)[0] > 0.015
    linear, shift = similarity_icp(moved, points)
    assert np.abs(moved @ linear.T + shift - points).max() < 0.01


def test_sample_surface_is_uniform_over_the_area() -> None:
    points = sample_with_normals(box(1, 1, 0.2), 20_000, np.random.default_rng(0))[0]
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


def test_occupancy_keeps_the_axes() -> None:
    mesh = box(0.9, 0.5, 0.2)
    mesh.vertices = mesh.vertices + np.array([0.02, 0.1, -0.2])
    expected = (np.abs(cells(20) - [0.02, 0.1, -0.2]) < [0.45, 0.25, 0.1]).all(1)
    assert (occupancy(mesh, 20).reshape(-1) == expected).all()


def test_occupancy_tolerates_a_hole_in_a_scan() -> None:
    mesh = box(1, 1, 1)
    top = (mesh.vertices[mesh.faces][..., 2] > 0.4).all(1)
    holed = Triangles(mesh.vertices, mesh.faces[~top])
    assert occupancy(holed, 16).mean() > 0.99


def test_helper_shapes_contain_their_points() -> None:
    assert contains(BLOCK, np.array([[0.3, 0, 0], [0, 0.5, 0]])).tolist() == [True, False]
