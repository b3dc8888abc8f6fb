# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples near occupied voxels, found by NerfAcc's `traverse_grids` (0.5, nerfacc/grid.py).

NerfAcc walks from voxel to voxel and adds up steps, so at a voxel's border it may assign a sample
to the neighbour. It is therefore given a grid dilated by one voxel, and its samples are placed and
culled again by torch: the result equals torch's to the last bit.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..occupancy import Occupancy
from ..rays import Rays


def march(rays: Rays, start: Tensor, count: Tensor, step: float,
          occupancy: Occupancy) -> tuple[Tensor, Tensor]:
    """The samples of r rays near occupied voxels, in order.

    Args:
        start: (r,), distance of each ray's first sample from its origin, world units.
        count: (r,), number of samples of each ray.
        step: distance between samples, world units.

    Returns:
        (p,) ray indices and (p,) numbers of the samples on their rays.

    Raises:
        ImportError: if the library or its compiled part is missing.
    """
    import nerfacc.csrc  # without its compiled part, the library would start to compile itself

    voxels, box = _grid(occupancy, step)
    if not len(rays):
        return count, count
    # NerfAcc's samples are the middles of its steps.
    near = start - step / 2
    found = nerfacc.traverse_grids(rays.origins, rays.directions, voxels, box, near_planes=near,
                                   far_planes=near + count * step, step_size=step)[1]
    ray = found.ray_indices
    number = ((found.vals - start.index_select(0, ray)) / step).round().long()
    inside = (number >= 0) & (number < count.index_select(0, ray))
    return ray[inside], number[inside]


def _grid(occupancy: Occupancy, step: float) -> tuple[Tensor, Tensor]:
    """NerfAcc's grid: (1, x, y, z) bool voxels and the (1, 6) lowest and highest corner of its box.

    A point belongs to its nearest voxel and a point outside to the outermost one. The border is
    therefore repeated as far as the last step may reach.
    """
    size = occupancy.voxel_grid.voxel_size
    margin = math.ceil(step / size) + 1
    wider = occupancy.dilated(size).voxels
    padded = F.pad(wider[None, None].float(), [margin] * 6, mode="replicate")[0] > 0
    low = [a - (margin + 0.5) * size for a in occupancy.voxel_grid.low]
    high = [a + count * size for a, count in zip(low, padded.shape[1:], strict=True)]
    return padded, torch.tensor([[*low, *high]], device=padded.device)
