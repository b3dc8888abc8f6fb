# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The representations of a field: dense voxels, or a hash grid with a small network."""

from __future__ import annotations

import torch

from .field import Field
from .hash_config import THREESTUDIO, HashGridConfig
from .hash_grid import HashField
from .voxel_field import VoxelField


def make_field(start: VoxelField, representation: str, generator: torch.Generator,
               device: torch.device) -> Field:
    """The field that starts with a voxel field's values, on a device.

    Args:
        representation: "voxels" (the voxel field itself) or "hash".
        generator: a CPU generator, so that what is drawn does not depend on the device.
    """
    if representation == "voxels":
        return start.to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return HashField(start, hash_grid_config(device)).to(device)


def hash_grid_config(device: torch.device) -> HashGridConfig:
    """The size of a hash grid: threestudio's on a GPU, a smaller one on a CPU."""
    return HashGridConfig() if device.type == "cpu" else THREESTUDIO
