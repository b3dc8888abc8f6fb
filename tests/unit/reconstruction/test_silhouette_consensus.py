# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest set of silhouettes that one solid can cast."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from helpers.opposite_views import UNEVEN, opposite_views
from helpers.shapes import Box

from engine.reconstruction.posed_images import PosedImages
from engine.reconstruction.silhouette_consensus import CONFIG, silhouette_consensus

ROD = [Box((0, 0, 0), (0.45, 0.012, 0.012))]
"""Thinner than two pixels."""
BLADE = [Box((0, 0, 0), (0.45, 0.005, 0.08))]
"""Seen on its edge, it covers a quarter of two neighbouring pixels."""
WRONG = (1, 3, 6, 9, 11, 12)


def views(boxes: list[Box], wrong: tuple[int, ...] = (), size: int = 96) -> PosedImages:
    return opposite_views(boxes, wrong, size)


@pytest.mark.parametrize(("boxes", "size"), [(UNEVEN, 96), (ROD, 96), (BLADE, 192)])
def test_silhouette_consensus_contains_all_consistent_views(boxes: list[Box], size: int) -> None:
    found = silhouette_consensus(views(boxes, size=size))
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
