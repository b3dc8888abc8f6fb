# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a device render and optimise fields as the CPU does, and faster?

`python -m engine.fields.probe DEVICE` prints the answer as one JSON line. In a process of its own,
because a broken driver can end or stop the one that asks.
"""

from __future__ import annotations

import json
import sys
import time
from typing import NamedTuple

import torch
from torch import Tensor

from ..camera import DEFAULT_RADIUS, FOV_DEG, camera_to_world
from .lattice import Lattice, cube
from .rays import Rays, camera_rays
from .render import Occupancy, render
from .voxel import VoxelField

RESOLUTION = 96
PICTURE_SIZE = 64
STEPS = 5
"""That are timed, after one that warms up."""
RADIUS = 0.4


class Run(NamedTuple):
    """What a device made of the same start."""

    picture: Tensor
    """R x 4: colours and opacities before the first step."""
    gradient: Tensor
    """Of the grid in the first step, in shares of its largest value."""
    grid: Tensor
    """After the steps."""
    seconds: float
    """Of the fastest step."""


def compared(device: torch.device) -> dict[str, float]:
    """`error` (largest difference to the CPU), `seconds` of a step, and `cpu_seconds`."""
    theirs, ours = run(device), run(torch.device("cpu"))
    errors = torch.stack([
        (theirs.picture - ours.picture).abs().max(), (theirs.gradient - ours.gradient).abs().max(),
        # Adam turns rounding into whole steps where a gradient is next to nothing.
        (theirs.grid - ours.grid).abs().mean()])
    return {"error": float(errors.max()), "seconds": theirs.seconds, "cpu_seconds": ours.seconds}


def run(device: torch.device) -> Run:
    """Render a ball and darken it."""
    lattice = cube(RESOLUTION)
    field, occupancy, rays = _scene(lattice, device)
    optimiser = torch.optim.Adam(field.parameter_groups(0.01), eps=1e-7, fused=True)
    picture = gradient = torch.empty(0)
    fastest = float("inf")
    for step in range(1 + STEPS):
        started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        seen = render(field, rays, occupancy, lattice.voxel_size * 0.75)
        (seen.rgb.square().sum() + seen.alpha.sum()).backward()
        assert field.raw.grad is not None
        if not step:
            picture = torch.cat([seen.rgb, seen.alpha[:, None]], dim=-1).detach().cpu()
            gradient = field.raw.grad.cpu()
            gradient = gradient / gradient.abs().max()
        optimiser.step()
        float(field.raw.sum())  # waits for the device
        if step:
            fastest = min(fastest, time.perf_counter() - started)
    return Run(picture, gradient, field.raw.detach().cpu(), fastest)


def _scene(lattice: Lattice, device: torch.device) -> tuple[VoxelField, Occupancy, Rays]:
    field = VoxelField(lattice)
    points = lattice.centres()
    depth = (RADIUS - points.norm(dim=-1)) / lattice.voxel_size
    with torch.no_grad():
        field.raw[0, 0] = (2 * depth).clamp(-8, 4).reshape(lattice.shape)
        field.raw[0, 1:] = (3 * points.T).reshape(3, *lattice.shape)
    occupancy = Occupancy((depth > -2).reshape(lattice.shape), lattice)
    cameras = torch.from_numpy(camera_to_world([30.0], [20.0], [DEFAULT_RADIUS])).float()
    rays = camera_rays(cameras, PICTURE_SIZE, FOV_DEG, lattice)
    return field.to(device), occupancy.to(device), rays.to(device)


if __name__ == "__main__":
    torch.set_num_threads(1)  # as a reconstruction does
    print(json.dumps(compared(torch.device(sys.argv[1]))))
