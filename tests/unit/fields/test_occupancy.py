# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grid of occupied voxels and its dilation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from engine.fields.occupancy import dilate


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 20])
def test_dilate_adds_all_voxels_within_the_radius(radius: int) -> None:
    """Compared with a maximum over all voxels around each one; 20 voxels are more than the grid."""
    voxels = torch.rand(9, 12, 7, generator=torch.Generator().manual_seed(0)) > 0.98
    before = voxels.clone()
    expected = F.max_pool3d(F.pad(voxels.float()[None, None], (radius,) * 6), 2 * radius + 1, 1)
    assert torch.equal(dilate(voxels, radius), expected[0, 0] > 0)
    assert torch.equal(voxels, before)
