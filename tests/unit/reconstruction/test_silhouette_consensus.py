# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest set of silhouettes that one solid can cast."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from helpers.reconstruction import posed_images
from helpers.shapes import Box, photograph

from engine import camera
from engine.reconstruction.posed_images import PosedImages
from engine.reconstruction.silhouette_consensus import CONFIG, silhouette_consensus

UNEVEN = [Box((0, 0, -0.1), (0.4, 0.2, 0.15)), Box((0.28, 0.08, 0.2), (0.12, 0.1, 0.25))]
"""A slab with a tower on one corner: its silhouette tells its sides apart."""
ROD = [Box((0, 0, 0), (0.45, 0.012, 0.012))]
"""Thinner than two pixels."""
POSES = camera.two_ring_orbit(16)
WRONG = (1, 3, 6, 9, 11, 12)


def views(boxes: list[Box], wrong: tuple[int, ...] = ()) -> PosedImages:
    """Sixteen untrusted views, some of which show the opposite side."""
    poses = [(azimuth + 180.0 * (number in wrong), elevation)
             for number, (azimuth, elevation) in enumerate(POSES)]
    images = posed_images(photograph(boxes, poses, size=96))
    right = posed_images(photograph(boxes, POSES, size=8))
    return replace(images, camera_to_world=right.camera_to_world,
                   trusted=torch.zeros(16, dtype=torch.bool))


@pytest.mark.parametrize("boxes", [UNEVEN, ROD])
def test_silhouette_consensus_contains_all_consistent_views(boxes: list[Box]) -> None:
    found = silhouette_consensus(views(boxes))
    assert found is not None and found.member.all()
    assert torch.equal(found.weight, torch.ones(16))


def test_silhouette_consensus_leaves_six_wrong_sides_out() -> None:
    found = silhouette_consensus(views(UNEVEN, WRONG))
    assert found is not None
    assert (~found.member).nonzero()[:, 0].tolist() == list(WRONG)
    assert found.weight[list(WRONG)].max() < 0.2
    assert (found.weight[found.member] == 1).all()


def test_silhouette_consensus_needs_a_majority() -> None:
    """Half of the views show the opposite side, so that either half could be right."""
    assert silhouette_consensus(views(UNEVEN, tuple(range(0, 16, 2)))) is None


def test_silhouette_consensus_always_contains_trusted_images() -> None:
    images = views(UNEVEN, WRONG)
    images.trusted[WRONG[0]] = True
    found = silhouette_consensus(images)
    assert found is None or bool(found.member[WRONG[0]])


def test_silhouette_consensus_gives_up_on_many_views() -> None:
    images = views(UNEVEN)
    assert silhouette_consensus(images, config=replace(CONFIG, max_views=15)) is None


@pytest.mark.parametrize(("share", "orders"), [(1.0, 1), (0.75, 17), (0.625, 46), (0.1, 60)])
def test_orders_for_grows_as_fewer_views_are_right(share: float, orders: int) -> None:
    assert CONFIG.orders_for(share) == orders
