# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of views: views that agree keep theirs, views of another side lose it."""

from __future__ import annotations

from dataclasses import replace

import torch
from helpers.reconstruction import posed_images
from helpers.shapes import Box, photograph

from engine import camera
from engine.reconstruction.posed_images import PosedImages
from engine.reconstruction.view_weights import robust_weights, weights_by_silhouettes

UNEVEN = [Box((0, 0, -0.1), (0.35, 0.2, 0.25)), Box((0.25, 0.1, 0.25), (0.08, 0.08, 0.2))]
"""A box with a post on one corner: its silhouette tells its sides apart."""
POSES = camera.two_ring_orbit(16)
NOBODY = torch.zeros(16, dtype=torch.bool)


def views(wrong: tuple[int, ...] = ()) -> PosedImages:
    """Sixteen views, some of which show the opposite side."""
    poses = [(azimuth + 180.0 * (number in wrong), elevation)
             for number, (azimuth, elevation) in enumerate(POSES)]
    images = posed_images(photograph(UNEVEN, poses, size=64))
    right = posed_images(photograph(UNEVEN, POSES, size=8))
    return replace(images, camera_to_world=right.camera_to_world, trusted=NOBODY)


def test_weights_of_consistent_views_are_one() -> None:
    assert torch.equal(weights_by_silhouettes(views()), torch.ones(16))


def test_weights_of_wrong_views_are_the_lowest() -> None:
    wrong = (3, 6, 9, 13)
    weights = weights_by_silhouettes(views(wrong))
    order = weights.argsort()[:4]
    assert set(order.tolist()) == set(wrong)


def test_robust_weights_fall_with_the_error() -> None:
    errors = torch.tensor([0.05, 0.06, 0.05, 0.04, 0.05, 0.3, 0.8])
    weights = robust_weights(errors, torch.zeros(7, dtype=torch.bool))
    assert (weights[:5] == 1).all()
    assert 1 > weights[5] > weights[6] > 0


def test_robust_weights_of_trusted_images_stay() -> None:
    errors = torch.tensor([0.05, 0.06, 0.05, 0.9])
    trusted = torch.tensor([False, False, False, True])
    assert torch.equal(robust_weights(errors, trusted), torch.ones(4))
