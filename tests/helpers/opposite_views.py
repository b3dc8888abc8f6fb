# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of boxes, some of which show the opposite side."""

from __future__ import annotations

from dataclasses import replace

import torch

from engine import camera
from engine.reconstruction.posed_images import PosedImages

from .reconstruction import posed_images
from .shapes import Box, photograph

UNEVEN = [Box((0, 0, -0.1), (0.4, 0.2, 0.15)), Box((0.28, 0.08, 0.2), (0.12, 0.1, 0.25))]
"""A slab with a tower on one corner: its silhouette tells its sides apart."""
POSES = camera.two_ring_orbit(16)


def opposite_views(boxes: list[Box], wrong: tuple[int, ...], size: int) -> PosedImages:
    """Sixteen untrusted views of `size` pixels; those numbered in `wrong` show the opposite side.

    All of them have the cameras of right views.
    """
    poses = [(azimuth + 180.0 * (number in wrong), elevation)
             for number, (azimuth, elevation) in enumerate(POSES)]
    images = posed_images(photograph(boxes, poses, size=size))
    right = posed_images(photograph(boxes, POSES, size=8))
    return replace(images, camera_to_world=right.camera_to_world,
                   trusted=torch.zeros(16, dtype=torch.bool))
