# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks of the renderer of fields."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from timing import Row, compare

from engine.camera import FOV_DEG, camera_to_world
from engine.fields.occupancy import Occupancy
from engine.fields.rays import camera_rays
from engine.fields.render import Rendered, render, render_dense
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube


def renderer() -> Iterator[Row]:
    """Forward and backward of one 64 px view of a solid ball on a 96^3 grid, on one thread, as
    reconstruction runs it.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    field = VoxelField(cube(96))
    with torch.no_grad():
        inside = field.voxel_grid.centres().norm(dim=-1).reshape(96, 96, 96) < 0.4
        field.raw[0, 0] = torch.where(inside, 4.0, -8.0)
    occupied = torch.nn.functional.max_pool3d(inside[None].float(), 3, 1, 1)[0] > 0
    occupancy = Occupancy(occupied, field.voxel_grid)
    everywhere = Occupancy(torch.ones_like(occupied), field.voxel_grid)
    matrix = torch.from_numpy(camera_to_world([30.0], [20.0], [1.85]))
    rays = camera_rays(matrix, 64, FOV_DEG, field.voxel_grid)
    step = field.voxel_grid.voxel_size * 0.75

    def backward(image: Rendered) -> None:
        field.raw.grad = None
        (image.rgb.sum() + image.alpha.sum()).backward()

    def gradient(image: Rendered) -> torch.Tensor:
        backward(image)
        return field.raw.grad.flatten()

    cosine = torch.cosine_similarity(gradient(render_dense(field, rays, everywhere, step)),
                                     gradient(render(field, rays, occupancy, step)), dim=0)
    row = compare("renderer: packed against every sample",
                  lambda: backward(render_dense(field, rays, everywhere, step)),
                  lambda: backward(render(field, rays, occupancy, step)))
    torch.set_num_threads(threads)
    yield {**row, "cosine of gradients": float(cosine)}
