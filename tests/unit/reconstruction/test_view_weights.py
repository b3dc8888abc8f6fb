# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views that agree keep their weights exactly, and views of another side lose them."""

from __future__ import annotations

import pytest
import torch
from helpers.opposite_views import UNEVEN, opposite_views

from engine.reconstruction.posed_images import PosedImages
from engine.reconstruction.view_weights import rate_views, robust_weights

WRONG = (1, 6, 11, 12)


def views(wrong: tuple[int, ...] = ()) -> PosedImages:
    return opposite_views(UNEVEN, wrong, size=48)


@pytest.fixture(scope="module")
def wrong_weights() -> torch.Tensor:
    return rate_views(views(WRONG))


def test_rate_views_leaves_consistent_views_alone() -> None:
    assert torch.equal(rate_views(views()), torch.ones(16))


def test_rate_views_finds_wrong_sides(wrong_weights: torch.Tensor) -> None:
    assert wrong_weights[list(WRONG)].max() < 0.2


def test_rate_views_keeps_the_right_ones(wrong_weights: torch.Tensor) -> None:
    right = [number for number in range(16) if number not in WRONG]
    assert torch.equal(wrong_weights[right], torch.ones(12))


@pytest.mark.slow
def test_rate_views_never_doubts_trusted_images() -> None:
    images = views(WRONG)
    images.trusted[WRONG[0]] = True
    assert rate_views(images)[WRONG[0]] == 1


def test_rate_views_needs_a_majority() -> None:
    images = views((0,))
    few = PosedImages(images.rgba[:4], images.camera_to_world[:4], images.fov_deg,
                      images.weight[:4], images.trusted[:4])
    assert torch.equal(rate_views(few), torch.ones(4))


def test_robust_weights_fall_beyond_the_dead_zone() -> None:
    residuals = torch.tensor([0.05, 0.06, 0.05, 0.04, 0.05, 0.12, 0.8])
    weights = robust_weights(residuals, 0.01, 3.0)
    assert (weights[:5] == 1).all()
    assert 1 > weights[5] > weights[6] > 0
