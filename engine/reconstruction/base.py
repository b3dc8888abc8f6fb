# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an object ends below, if no camera sees its underside.

Nothing keeps a fit from filling the cone under an object that all silhouettes allow. No ray ends
there, and things stand on a flat base more often than on a cone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..fields.field import Field
from ..fields.rays import Rays
from ..fields.render import Occupancy, render
from .fit import STEP

LOW = math.radians(15)
"""Elevation below which a camera sees an object's sides down to the base."""
ENOUGH = 4
"""So many such cameras stand around an object."""
WHOLLY = 0.9
"""Opacity from which a pixel lies on the object with nearly all of its area."""
OPAQUE = 0.5
"""Opacity from which a ray is taken to end on the object."""
STRAY = 0.0001
"""Share of such rays whose ends may lie anywhere."""
MARGIN = 0.75
"""Voxels between the lowest end and the base: rays end a little inside the object."""


@torch.no_grad()
def base_height(field: Field, rays: Rays, opacity: Tensor, cameras: Tensor, occupancy: Occupancy,
                chunk: int = 16384) -> float:
    """Height below which nothing is part of the object.

    `rays`: those of the pictures that the field was fitted to, which `cameras` (N x 4 x 4) took and
    which show `opacity` (one value a ray): what only grazes the object ends anywhere behind it. If
    few of them stood so low that they saw the sides down to the base, it is the box's floor.
    """
    position = cameras[:, :3, 3]
    if int((position[:, 2] < math.sin(LOW) * position.norm(dim=-1)).sum()) < ENOUGH:
        return field.lattice.low[2]
    heights = []
    for start in range(0, len(rays), chunk):
        part = rays[start:start + chunk]
        wholly = opacity[start:start + chunk] > WHOLLY
        seen = render(field, part, occupancy, field.lattice.voxel_size * STEP)
        ends = part.origins[:, 2] + seen.depth * part.directions[:, 2]
        heights.append(ends[wholly & (seen.alpha > OPAQUE)])
    ends = torch.cat(heights)
    if not len(ends):
        return field.lattice.low[2]
    lowest = float(ends.kthvalue(1 + int(STRAY * len(ends))).values)
    return lowest - MARGIN * field.lattice.voxel_size
