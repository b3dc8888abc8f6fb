# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes that touch silhouettes meet at the corners of the object."""

from __future__ import annotations

import numpy as np
import torch
from helpers.shapes import Box, photograph

from engine import camera
from engine.reconstruction.silhouette_bounds import SilhouetteBounds, silhouette_bounds

HALF_SIZE = torch.tensor([0.4, 0.25, 0.3])
CORNERS = torch.cartesian_prod(*(torch.tensor([-1.0, 1.0]),) * 3) * HALF_SIZE
PIXEL = 1.62 / 128


def seen(elevation_deg: float) -> SilhouetteBounds:
    poses = [(30.0 * place, elevation_deg) for place in range(12)]
    views = photograph([Box((0, 0, 0), tuple(HALF_SIZE.tolist()))], poses, size=128)
    cameras = torch.from_numpy(camera.camera_to_world(*np.array(poses).T, 1.85)).float()
    return silhouette_bounds(torch.from_numpy(views.images)[..., 3].float(), cameras,
                             camera.FOV_DEG)


def test_silhouette_bounds_touch_the_object_twice_per_view() -> None:
    for elevation_deg in (-20.0, 0.0, 35.0):
        planes = seen(elevation_deg)
        assert len(planes) == 2 * 12
        unit = planes.normals / planes.normals.norm(dim=-1, keepdim=True)
        distance = unit @ CORNERS.T - (unit * planes.cameras).sum(-1, keepdim=True)
        assert torch.allclose(distance.amax(1), torch.zeros(24), atol=0.6 * PIXEL)


def test_silhouette_bounds_reach_the_objects_ends() -> None:
    """From every start position."""
    planes = seen(0.0)
    for sign in (-1.0, 1.0):
        direction = torch.tensor([0.0, 0.0, sign])
        inner = CORNERS * torch.tensor([1.0, 1.0, 0.2])
        reach = planes.facing(direction, 0.7).reach(inner, direction).amin(1)
        assert len(reach) == 12
        assert torch.allclose(reach, HALF_SIZE[2].expand(12), atol=PIXEL)


def test_elevation_of_planes_matches_their_cameras() -> None:
    planes = seen(0.0).facing(torch.tensor([0.0, 0.0, -1.0]), 0.7)
    slopes = planes.slopes(torch.zeros(3), torch.tensor([0.0, 0.0, -1.0]))
    centre = torch.zeros(1, 3)
    tip = planes.reach(centre, torch.tensor([0.0, 0.0, -1.0]))[:, 0]
    assert torch.allclose(slopes, tip / 1.85, atol=1e-3)


def test_silhouette_bounds_of_empty_image_are_empty() -> None:
    cameras = torch.from_numpy(camera.camera_to_world(np.zeros(1), np.zeros(1), 1.85)).float()
    assert len(silhouette_bounds(torch.zeros(1, 32, 32), cameras, camera.FOV_DEG)) == 0
