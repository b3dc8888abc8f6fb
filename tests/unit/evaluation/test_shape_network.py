# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of the shape network's meshes: frames and silhouettes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("embreex", reason="silhouettes are ray cast with embreex")

from engine.evaluation.shape_network import (
    displaced_iou,
    means,
    outline_iou,
    turned,
    voxel_iou,
)
from engine.mesh.surface import extract
from engine.mesh.triangles import Triangles
from engine.shape.geometry import image_rays

VOXELS = 48


def solid_box() -> tuple[np.ndarray, Triangles]:
    """Voxels of an off-centre box and the mesh of their boundary."""
    voxels = np.zeros((VOXELS,) * 3, bool)
    voxels[8:40, 20:30, 10:20] = True
    side = 1 / VOXELS
    return voxels, extract(voxels.astype(np.float32), 0.5, (0.5 * side - 0.5,) * 3, side)


def test_voxel_iou_of_a_shape_with_itself_is_nearly_one() -> None:
    voxels, mesh = solid_box()
    assert voxel_iou(mesh, voxels) > 0.9


def test_turning_by_an_angle_and_back_keeps_the_mesh() -> None:
    voxels, mesh = solid_box()
    assert voxel_iou(turned(turned(mesh, 70.0), -70.0), voxels) > 0.9
    assert voxel_iou(turned(mesh, 70.0), voxels) < 0.6


def test_turned_takes_the_input_camera_to_its_azimuth() -> None:
    """The side that faces the input camera, on +X, then faces azimuth 90, on +Y."""
    mesh = Triangles(np.array([[0.5, 0, 0], [0.4, 0, 0], [0.4, 0, 0.1]]), np.array([[0, 1, 2]]))
    np.testing.assert_allclose(turned(mesh, 90.0).vertices[0], [0, 0.5, 0], atol=1e-12)


def test_outline_iou_compares_with_the_input_camera() -> None:
    triangle = np.array([[0, -0.4, -0.3], [0, 0.4, -0.3], [0, 0.0, 0.4]])
    mesh = Triangles(triangle, np.array([[0, 1, 2]]))
    eye, rays = image_rays(0.0, 15.0, 1.85, 64)
    point = eye + rays * (-eye[0] / rays[..., 0])[..., None]
    height = (point[..., 2] + 0.3) / 0.7
    alpha = ((height > 0) & (np.abs(point[..., 1]) < 0.4 * (1 - height))).astype(float)
    assert outline_iou(mesh, alpha, 15.0, 1.85) > 0.98
    assert outline_iou(mesh, np.roll(alpha, 20, axis=1), 15.0, 1.85) < 0.5


def test_means_average_over_objects() -> None:
    assert means({"a": {"iou": 0.2}, "b": {"iou": 0.6}}) == {"iou": 0.4}


def test_displaced_iou_falls_faster_for_thinner_shapes() -> None:
    _, mesh = solid_box()
    thin = Triangles(mesh.vertices * [1, 1, 0.2], mesh.faces)
    assert displaced_iou(mesh, 0.0) == 1
    assert displaced_iou(thin, 0.02) < displaced_iou(mesh, 0.02) < 1
