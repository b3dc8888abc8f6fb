# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for NerfAcc 0.5 where there is no GPU.

Its `traverse_grids` by its source (nerfacc/grid.py, cuda/csrc/grid.cu): steps that are added up
from the near plane on, each kept if its middle lies before the far plane, in the box, and in a cell
that is occupied.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

DRIFT = 2e-3
"""Error of a cell's borders, which exaggerates the rounding of NerfAcc's steps from cell to
cell."""
fault = ""
sound = 0
"""Number of calls before a fault occurs."""
calls = 0


@dataclass
class RaySamples:
    vals: Tensor
    ray_indices: Tensor


def traverse_grids(rays_o: Tensor, rays_d: Tensor, binaries: Tensor, aabbs: Tensor,
                   near_planes: Tensor, far_planes: Tensor,
                   step_size: float) -> tuple[None, RaySamples, None]:
    global calls  # noqa: PLW0603
    calls += 1
    if fault == "march" and calls > sound:
        raise RuntimeError("CUDA error: invalid configuration argument\n in a kernel")
    assert len(rays_o) and binaries.dtype == torch.bool and aabbs.shape == (1, 6)
    assert all(values.dtype == torch.float32 and values.is_contiguous()
               for values in (rays_o, rays_d, aabbs, near_planes, far_planes))
    low, high = aabbs[0, :3], aabbs[0, 3:]
    cells = torch.tensor(binaries.shape[1:])
    count = int(((far_planes - near_planes) / step_size).max().clamp(0, 10000).ceil())
    middles, last = [], near_planes
    for _ in range(count):
        following = last + step_size
        middles.append((last + following) * 0.5)
        last = following
    middle = torch.stack(middles, dim=1) if middles else near_planes[:, :0].reshape(-1, 1)
    points = rays_o[:, None] + rays_d[:, None] * (middle[..., None] + DRIFT)
    cell = ((points - low) / (high - low) * cells).floor().long()
    inside = (cell >= 0).all(-1) & (cell < cells).all(-1) & (middle < far_planes[:, None])
    x, y, z = cell.clamp_min(0).minimum(cells - 1).unbind(-1)
    ray, nth = (inside & binaries[0, x, y, z]).nonzero(as_tuple=True)
    if fault == "wrong":
        ray, nth = ray[::2], nth[::2]
    return None, RaySamples(middle[ray, nth], ray), None
