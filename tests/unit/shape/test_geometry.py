# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frustum of the shape network: positions of its rays and bins."""

from __future__ import annotations

import numpy as np
import pytest

from engine.camera import FOV_DEG, camera_position, focal_length_px
from engine.shape.geometry import (
    BINS,
    RAYS,
    REACH,
    camera_coordinates,
    frustum_coordinates,
    frustum_points,
    image_coordinates,
    image_rays,
)


@pytest.mark.parametrize("camera", [(0.0, 0.0, 1.5), (0.0, 35.0, 1.85), (130.0, -10.0, 2.2)])
def test_frustum_coordinates_invert_frustum_points(camera) -> None:
    azimuth, elevation, radius = camera
    points = frustum_points(azimuth, elevation, radius)
    index = frustum_coordinates(points, elevation, radius, azimuth)
    expected = np.stack(np.meshgrid(*(np.arange(n) for n in (BINS, RAYS, RAYS)), indexing="ij"),
                        axis=-1)
    np.testing.assert_allclose(index, expected, atol=1e-6)


def test_frustum_spans_the_unit_cube_in_depth() -> None:
    points = frustum_points(0.0, 20.0, 1.85)
    distance = np.linalg.norm(points - camera_position(0.0, 20.0, 1.85), axis=-1)
    half_bin = REACH / BINS
    assert distance.min() == pytest.approx(1.85 - REACH + half_bin)
    assert distance.max() == pytest.approx(1.85 + REACH - half_bin)


def test_image_rays_run_from_top_left_to_bottom_right() -> None:
    _, rays = image_rays(0.0, 0.0, 1.85, 32)
    assert rays[0, 0, 2] > 0 > rays[-1, 0, 2]
    assert rays[0, 0, 1] < 0 < rays[0, -1, 1]


def test_image_rays_span_the_field_of_view() -> None:
    _, rays = image_rays(0.0, 0.0, 1.85, 512)
    middle = rays[256]
    angle = np.degrees(np.arccos(middle[0] @ middle[-1]))
    assert angle == pytest.approx(FOV_DEG, abs=0.15)


def test_image_coordinates_of_the_origin_are_the_middle() -> None:
    local = camera_coordinates(np.zeros((1, 3)), 25.0, 1.7)
    row, column = image_coordinates(local, 128)
    assert (row[0], column[0]) == pytest.approx((63.5, 63.5))
    assert local[0] == pytest.approx([0, 0, 1.7])


def test_image_coordinates_move_right_with_world_y() -> None:
    local = camera_coordinates(np.array([[0.0, 0.1, 0.0]]), 0.0, 2.0)
    row, column = image_coordinates(local, 128)
    assert column[0] - 63.5 == pytest.approx(focal_length_px(128) * 0.1 / 2.0)
    assert row[0] == pytest.approx(63.5)


def test_frustum_coordinates_behind_the_camera_are_outside() -> None:
    index = frustum_coordinates(np.array([[5.0, 0.0, 0.0]]), 0.0, 1.85)
    assert (index == -9).all()
