# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where rays meet occupied voxels, by NerfAcc's `traverse_grids` (0.5, nerfacc/grid.py).

It walks from voxel to voxel and adds up steps as it goes, so on a voxel's border it may count a
sample to the neighbour. Therefore it looks for voxels with something in them or next to them, and
what it finds is placed and culled again as by torch: the samples are the same to the last bit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from .render import Occupancy, Spacing


def marched(spaced: Spacing, occupancy: Occupancy) -> tuple[Tensor, Tensor]:
    """(P rays' indices, P numbers of samples on their rays) near occupied voxels, in order.

    Raises:
        ImportError: if the library isn't there, or without its compiled part.
    """
    import nerfacc.csrc  # without this part, it would start to compile itself

    voxels, box = _grid(occupancy, spaced.step)
    rays, step = spaced.rays, spaced.step
    if not len(rays):
        return spaced.count, spaced.count
    # Its samples are the middles of its steps.
    near = spaced.first - step / 2
    found = nerfacc.traverse_grids(rays.origins, rays.directions, voxels, box, near_planes=near,
                           far_planes=near + spaced.count * step, step_size=step)[1]
    ray = found.ray_indices
    nth = ((found.vals - spaced.first.index_select(0, ray)) / step).round().long()
    inside = (nth >= 0) & (nth < spaced.count.index_select(0, ray))
    return ray[inside], nth[inside]


def _grid(occupancy: Occupancy, step: float) -> tuple[Tensor, Tensor]:
    """(1 x X x Y x Z bool, 1 x 6 lowest and highest corner) of what may be near something.

    A point belongs to the nearest voxel, and a point outside to the outermost: voxels are repeated
    as far as the last step may reach.
    """
    size = occupancy.lattice.voxel_size
    margin = math.ceil(step / size) + 1
    wider = occupancy.widened(size).voxels
    padded = F.pad(wider[None, None].float(), [margin] * 6, mode="replicate")[0] > 0
    low = [a - (margin + 0.5) * size for a in occupancy.lattice.low]
    high = [a + count * size for a, count in zip(low, padded.shape[1:], strict=True)]
    return padded, torch.tensor([[*low, *high]], device=padded.device)
