# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a device render and optimise fields as the CPU does, and faster? And a library, as torch?

`python -m engine.fields.probe DEVICE [LIBRARY]` prints the answer as one JSON line. In a process of
its own, because a broken driver can end or stop the one that asks.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..camera import DEFAULT_RADIUS, FOV_DEG, camera_to_world
from .hash_grid import HashEncoding
from .libraries import TINY_CUDA, using
from .rays import Rays, camera_rays
from .render import Occupancy, render
from .voxel_field import VoxelField
from .voxel_grid import Lattice, cube

RESOLUTION = 96
PICTURE_SIZE = 64
POINTS = 1 << 16
"""In the hash grid; about as many as a step of a reconstruction differentiates."""
STEPS = 5
"""That are timed, after one that warms up."""
RADIUS = 0.4


class Run(NamedTuple):
    """What a device made of the same start."""

    values: Tensor
    """Before the first step: colours and opacities, or features."""
    gradient: Tensor
    """In the first step, in shares of its largest value."""
    end: Tensor
    """What was optimised, after the steps."""
    seconds: float
    """Of the fastest step."""


def compared(device: torch.device, library: str = "") -> dict[str, float]:
    """`error` (largest difference), `seconds` of a step, and `usual_seconds`: those of the CPU, or
    for a library of torch on the same device."""
    work = encode if library == TINY_CUDA else draw
    with using(device, [library]):
        theirs = work(device)
    ours = work(device if library else torch.device("cpu"))
    errors = torch.stack([
        (theirs.values - ours.values).abs().max(), (theirs.gradient - ours.gradient).abs().max(),
        # Adam turns rounding into whole steps where a gradient is next to nothing.
        (theirs.end - ours.end).abs().mean()])
    return {"error": float(errors.max()), "seconds": theirs.seconds,
            "usual_seconds": ours.seconds}


def draw(device: torch.device) -> Run:
    """Render a ball and darken it."""
    lattice = cube(RESOLUTION)
    field, occupancy, rays = _scene(lattice, device)

    def picture() -> Tensor:
        seen = render(field, rays, occupancy, lattice.voxel_size * 0.75)
        return torch.cat([seen.rgb, seen.alpha[:, None]], dim=-1)

    return _optimised(picture, field.raw)


def encode(device: torch.device) -> Run:
    """Look up features of a hash grid and make them smaller."""
    generator = torch.Generator().manual_seed(0)
    encoding = HashEncoding()
    with torch.no_grad():
        encoding.tables.uniform_(-1, 1, generator=generator)
    encoding.to(device)
    points = torch.rand(POINTS, 3, generator=generator).to(device)
    return _optimised(lambda: encoding(points), encoding.tables)


def _optimised(look: Callable[[], Tensor], parameter: nn.Parameter) -> Run:
    optimiser = torch.optim.Adam([parameter], lr=0.01, eps=1e-7, fused=True)
    values = gradient = torch.empty(0)
    fastest = float("inf")
    for step in range(1 + STEPS):
        started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        seen = look()
        seen.square().sum().backward()
        assert parameter.grad is not None
        if not step:
            values = seen.detach().cpu()
            gradient = parameter.grad.cpu()
            gradient = gradient / gradient.abs().max()
        optimiser.step()
        float(parameter.detach().sum())  # waits for the device
        if step:
            fastest = min(fastest, time.perf_counter() - started)
    return Run(values, gradient, parameter.detach().cpu(), fastest)


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
    print(json.dumps(compared(torch.device(sys.argv[1]), *sys.argv[2:])))
