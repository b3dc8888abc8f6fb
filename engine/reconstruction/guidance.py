# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What score-based reconstruction shares: a model that knows the input picture, random cameras,
pictures of a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .. import camera
from ..diffusion import Condition, Zero123Pipeline
from ..diffusion.memory_fallbacks import MAX_BATCH_SIZE, as_memory_allows, in_batches
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import Rays, camera_rays
from ..fields.render import Rendered, render
from ..fields.voxel_grid import VoxelGrid
from .fit import STEP


@dataclass(frozen=True)
class Cameras:
    """N cameras that look at the origin; azimuth 0 is the input picture's."""

    azimuth_deg: Tensor
    elevation_deg: Tensor
    radius: Tensor

    def __len__(self) -> int:
        return len(self.radius)

    @property
    def camera_to_world(self) -> Tensor:
        """N x 4 x 4."""
        return torch.from_numpy(camera.camera_to_world(
            self.azimuth_deg.numpy(), self.elevation_deg.numpy(), self.radius.numpy())).float()

    def rays(self, size: int, box: VoxelGrid, device: torch.device) -> Rays:
        """N * size * size, through the pixels of square pictures."""
        return camera_rays(self.camera_to_world.to(device), size, camera.FOV_DEG, box)

    def at_rows(self, rows: Tensor) -> Cameras:
        """Those with these numbers."""
        return Cameras(self.azimuth_deg[rows], self.elevation_deg[rows], self.radius[rows])

    @classmethod
    def at(cls, positions: Tensor) -> Cameras:
        """Cameras whose centres are N x 3 positions."""
        return cls(*(torch.from_numpy(np.asarray(values)).float()
                     for values in camera.spherical_from_position(positions.numpy())))


@dataclass(frozen=True)
class Guide:
    """A Zero123 model that has seen the input picture."""

    pipeline: Zero123Pipeline
    condition: Condition
    input_elevation_deg: float
    input_radius: float
    on_halved: Callable[[int], None] = field(default=lambda views: None, kw_only=True)
    """Told how many views are scored at once, when memory has run out."""

    @classmethod
    def of(cls, pipeline: Zero123Pipeline, rgb: np.ndarray, input_elevation_deg: float,
           input_radius: float, on_halved: Callable[[int], None] = lambda views: None) -> Guide:
        """For a picture on white, S x S x 3 in [0, 1]."""
        picture = pipeline.image_tensor(rgb)
        condition = as_memory_allows(pipeline.save_memory, lambda: pipeline.encode_image(picture))
        return cls(pipeline, condition, input_elevation_deg, input_radius, on_halved=on_halved)

    @property
    def input_camera(self) -> Cameras:
        """The one that took the picture."""
        return Cameras(torch.zeros(1), torch.tensor([self.input_elevation_deg]),
                       torch.tensor([self.input_radius]))

    def guidance_scale(self, wanted: float, usual: float) -> float:
        """What to use where `wanted` (0 if nobody cares) is asked for and `usual` is the method's.

        A model whose own default is 1 was made to be used without: amplified, the difference
        between its answers with and without the picture leads away from both.
        """
        without = self.pipeline.config.default_guidance_scale == 1
        return wanted or (1.0 if without else usual)

    @torch.no_grad()
    def contexts(self, cameras: Cameras) -> Tensor:
        """N x 1 x C context tokens."""
        poses = self.pipeline.poses(
            cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), cameras.radius.tolist(),
            self.input_elevation_deg, self.input_radius)
        return self.pipeline.contexts(self.condition, poses)


@dataclass(frozen=True)
class BlindGuide(Guide):
    """A model that isn't told the camera. One that asks for cameras is told random ones: to the
    score, any view of the object is as good as another, as to a model that knows no cameras.
    """

    generator: torch.Generator

    def contexts(self, cameras: Cameras) -> Tensor:
        """N x 1 x C context tokens of views from anywhere above the ground."""
        u = torch.rand(2, len(cameras), generator=self.generator)
        return super().contexts(Cameras(u[0] * 360, torch.asin(u[1]).rad2deg(), cameras.radius))


class ScoredRows:
    """Work on the views of every step: all at once, or as many as have turned out to fit into the
    device's memory."""

    def __init__(self, guide: Guide, threads: int) -> None:
        """`threads`: for the work."""
        self.guide, self.threads, self.at_once = guide, threads, MAX_BATCH_SIZE

    def run(self, count: int, work: Callable[[Tensor], Tensor]) -> Tensor:
        """Results of `count` views in main memory; `work` is told which views it is to do."""
        def some(rows: Tensor, number: int, batches: int) -> Tensor:
            return work(rows).cpu()

        with all_threads(self.threads):
            return torch.cat(in_batches(torch.arange(count), self.at_once, some,
                                        self.guide.pipeline.save_memory, self._take_fewer))

    def _take_fewer(self, count: int) -> None:
        self.at_once = count
        self.guide.on_halved(count)


def rows_per_view(guidance_scale: float) -> int:
    """Rows of the UNet for one view: guidance asks with and without the condition."""
    return 1 if guidance_scale == 1 else 2


def latent_shape(pipeline: Zero123Pipeline, count: int) -> tuple[int, int, int, int]:
    """Of `count` latents."""
    side = pipeline.unet.config.sample_size
    return count, pipeline.unet.config.out_channels, side, side


def take_pictures(field: Field, cameras: Cameras, size: int, occupancy: Occupancy,
                  generator: torch.Generator | None = None) -> Rendered:
    """What the cameras see, N * size * size rays; with a generator, samples are jittered."""
    return take_pictures_along(field, cameras.rays(size, field.voxel_grid, field.device), occupancy,
                               generator)


def take_pictures_along(field: Field, rays: Rays, occupancy: Occupancy,
                        generator: torch.Generator | None = None) -> Rendered:
    """The same for given rays; they and the occupancy are on the field's device."""
    jitter = (None if generator is None
              else torch.rand(len(rays), generator=generator).to(field.device))
    return render(field, rays, occupancy, field.voxel_grid.voxel_size * STEP, jitter)


def as_pictures(values: Tensor, count: int) -> Tensor:
    """N * S * S x C values of rays as N x C x S x S pictures."""
    size = round((len(values) // count) ** 0.5)
    return values.reshape(count, size, size, -1).permute(0, 3, 1, 2)


@contextmanager
def all_threads(count: int) -> Iterator[None]:
    """`count` threads for the networks; the renderer around them is fastest on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
