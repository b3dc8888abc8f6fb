# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network's sizes and its dependence on the camera."""

from __future__ import annotations

import pytest
import torch

from engine.shape.geometry import BINS, IMAGE_SIZE, RAYS
from engine.shape.network import ShapeNetwork

MAX_BYTES = 15e6
"""Budget of the stored weights in fp16."""


@pytest.fixture(scope="module")
def network() -> ShapeNetwork:
    torch.manual_seed(0)
    return ShapeNetwork().eval()


def test_network_fits_into_15_megabytes(network) -> None:
    assert 2 * sum(p.numel() for p in network.parameters()) < MAX_BYTES


@torch.no_grad()
def test_network_output_has_a_logit_for_each_bin(network) -> None:
    image = torch.rand(2, 4, IMAGE_SIZE, IMAGE_SIZE)
    logits = network(image, torch.tensor([0.0, 30.0]), torch.tensor([1.5, 2.2]))
    assert logits.shape == (2, BINS, RAYS, RAYS)
    assert torch.isfinite(logits).all()


def test_network_learns_one_sample() -> None:
    """A few steps lower the loss of one random target: gradients reach the weights."""
    torch.manual_seed(0)
    network = ShapeNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    image = torch.rand(1, 4, IMAGE_SIZE, IMAGE_SIZE)
    target = torch.zeros(1, BINS, RAYS, RAYS)
    target[:, 20:30] = 1
    losses = []
    for _ in range(6):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            network(image, torch.zeros(1), torch.ones(1)), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None for p in network.parameters())
