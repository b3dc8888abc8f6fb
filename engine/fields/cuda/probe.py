# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a device with the CPU, or a library with torch, on rendering and optimising a field.

`python -m engine.fields.cuda.probe DEVICE [LIBRARY]` prints the answer as one JSON line. It runs in
a process of its own because a broken driver can crash or block the process that uses it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...camera import DEFAULT_RADIUS, FOV_DEG, camera_to_world
from ..hash_grid import HashEncoding
from ..occupancy import Occupancy
from ..rays import Rays, camera_rays
from ..render import render
from ..voxel_field import VoxelField
from ..voxel_grid import VoxelGrid, cube
from .libraries import TINY_CUDA, using

RESOLUTION = 96
"""Voxels along each axis, as in a reconstruction on the CPU."""
IMAGE_SIZE = 64
"""Side of the rendered image, pixels."""
POINTS = 1 << 16
"""Points encoded by the hash grid: about as many as a step of a reconstruction differentiates."""
STEPS = 5
"""Timed optimisation steps, after one step that warms up."""
BALL_RADIUS = 0.4
"""Radius of the rendered ball, world units."""


class Run(NamedTuple):
    """The results of a short optimisation."""

    values: Tensor
    """Colours and opacities, or features, before the first step."""
    gradient: Tensor
    """Gradient of the first step, divided by its largest absolute value."""
    end: Tensor
    """The parameters after the last step."""
    seconds: float
    """Time of the fastest step."""


def compare(device: torch.device, library: str = "") -> dict[str, float]:
    """Compare a device with the CPU, or a library with torch on that device.

    Returns:
        "error" (the largest difference), "seconds" per step, and "usual_seconds" per step of the
        CPU or of torch.
    """
    work = encode if library == TINY_CUDA else draw
    with using(device, [library]):
        candidate = work(device)
    baseline = work(device if library else torch.device("cpu"))
    errors = torch.stack([
        (candidate.values - baseline.values).abs().max(),
        (candidate.gradient - baseline.gradient).abs().max(),
        # The mean: Adam turns rounding into whole steps where a gradient is close to zero.
        (candidate.end - baseline.end).abs().mean()])
    return {"error": float(errors.max()), "seconds": candidate.seconds,
            "usual_seconds": baseline.seconds}


def draw(device: torch.device) -> Run:
    """Render a ball and optimise it towards black."""
    voxel_grid = cube(RESOLUTION)
    field, occupancy, rays = _scene(voxel_grid, device)

    def image() -> Tensor:
        seen = render(field, rays, occupancy, voxel_grid.voxel_size * 0.75)
        return torch.cat([seen.rgb, seen.alpha[:, None]], dim=-1)

    return _optimise(image, field.raw)


def encode(device: torch.device) -> Run:
    """Evaluate the features of a hash grid and optimise them towards zero."""
    generator = torch.Generator().manual_seed(0)
    encoding = HashEncoding()
    with torch.no_grad():
        encoding.tables.uniform_(-1, 1, generator=generator)
    encoding.to(device)
    points = torch.rand(POINTS, 3, generator=generator).to(device)
    return _optimise(lambda: encoding(points), encoding.tables)


def _optimise(evaluate: Callable[[], Tensor], parameter: nn.Parameter) -> Run:
    """Minimise the sum of squares of what `evaluate` returns."""
    optimiser = torch.optim.Adam([parameter], lr=0.01, eps=1e-7, fused=True)
    values = gradient = torch.empty(0)
    fastest = float("inf")
    for step in range(1 + STEPS):
        started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        seen = evaluate()
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


def _scene(voxel_grid: VoxelGrid, device: torch.device) -> tuple[VoxelField, Occupancy, Rays]:
    """A coloured ball with a soft border, seen by one camera."""
    field = VoxelField(voxel_grid)
    points = voxel_grid.centres()
    depth = (BALL_RADIUS - points.norm(dim=-1)) / voxel_grid.voxel_size
    with torch.no_grad():
        field.raw[0, 0] = (2 * depth).clamp(-8, 4).reshape(voxel_grid.shape)
        field.raw[0, 1:] = (3 * points.T).reshape(3, *voxel_grid.shape)
    occupancy = Occupancy((depth > -2).reshape(voxel_grid.shape), voxel_grid)
    cameras = torch.from_numpy(camera_to_world([30.0], [20.0], [DEFAULT_RADIUS])).float()
    rays = camera_rays(cameras, IMAGE_SIZE, FOV_DEG, voxel_grid)
    return field.to(device), occupancy.to(device), rays.to(device)


if __name__ == "__main__":
    torch.set_num_threads(1)  # as in a reconstruction
    print(json.dumps(compare(torch.device(sys.argv[1]), *sys.argv[2:])))
