# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the score-based methods: a model conditioned on the photo, cameras, renderings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .. import camera
from ..core.device_memory import device_memory
from ..diffusion import Condition, Zero123Pipeline
from ..diffusion.memory_fallbacks import (
    MAX_BATCH_SIZE,
    USABLE_MEMORY,
    as_memory_allows,
    in_batches,
)
from ..fields.field import Field
from ..fields.occupancy import Occupancy
from ..fields.rays import Rays, camera_rays
from ..fields.render import Rendered, render
from ..fields.voxel_grid import VoxelGrid
from .photometric import RAY_STEP

ENCODING_BYTES = 0.8e9
"""Memory that the encoding of one 256 px view keeps for its gradient, as measured."""


@dataclass(frozen=True)
class Cameras:
    """N cameras that look at the origin."""

    azimuth_deg: Tensor
    """N; 0 is the input camera's."""
    elevation_deg: Tensor
    """N; above the horizon."""
    radius: Tensor
    """N; world units."""

    def __len__(self) -> int:
        return len(self.radius)

    @property
    def camera_to_world(self) -> Tensor:
        """N x 4 x 4."""
        return torch.from_numpy(camera.camera_to_world(
            self.azimuth_deg.numpy(), self.elevation_deg.numpy(), self.radius.numpy())).float()

    def rays(self, size: int, box: VoxelGrid, device: torch.device) -> Rays:
        """N * size * size rays through the pixels of square images, clipped to a box."""
        return camera_rays(self.camera_to_world.to(device), size, camera.FOV_DEG, box)

    def at_indices(self, indices: Tensor) -> Cameras:
        """The cameras with these indices."""
        return Cameras(self.azimuth_deg[indices], self.elevation_deg[indices], self.radius[indices])

    @classmethod
    def at_positions(cls, positions: Tensor) -> Cameras:
        """Cameras whose centres are at positions (N x 3, world)."""
        return cls(*(torch.from_numpy(np.asarray(values)).float()
                     for values in camera.spherical_from_position(positions.numpy())))


@dataclass(frozen=True)
class Zero123Guidance:
    """A Zero123 model conditioned on the input photo."""

    pipeline: Zero123Pipeline
    condition: Condition
    """The encoded photo."""
    input_elevation_deg: float
    input_radius: float
    """Distance of the camera that took the photo, world units."""
    on_halved: Callable[[int], None] = field(default=lambda views: None, kw_only=True)
    """Called with the new number of views per batch when memory has run out."""

    @classmethod
    def of(cls, pipeline: Zero123Pipeline, rgb: np.ndarray, input_elevation_deg: float,
           input_radius: float,
           on_halved: Callable[[int], None] = lambda views: None) -> Zero123Guidance:
        """Condition a model on a photo on white, S x S x 3 in [0, 1]."""
        image = pipeline.image_tensor(rgb)
        condition = as_memory_allows(pipeline.save_memory, lambda: pipeline.encode_image(image))
        return cls(pipeline, condition, input_elevation_deg, input_radius, on_halved=on_halved)

    @property
    def input_camera(self) -> Cameras:
        """The camera that took the photo."""
        return Cameras(torch.zeros(1), torch.tensor([self.input_elevation_deg]),
                       torch.tensor([self.input_radius]))

    def guidance_scale(self, wanted: float, usual: float) -> float:
        """The classifier-free guidance scale: `wanted`, or if that is 0 the method's `usual` one.

        A model whose own default is 1 was made to be used without guidance: amplified, the
        difference between its answers with and without the photo leads away from both.
        """
        without = self.pipeline.config.default_guidance_scale == 1
        return wanted or (1.0 if without else usual)

    @torch.no_grad()
    def contexts(self, cameras: Cameras) -> Tensor:
        """Context tokens (N x 1 x C) for views from N cameras."""
        poses = self.pipeline.poses(
            cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), cameras.radius.tolist(),
            self.input_elevation_deg, self.input_radius)
        return self.pipeline.contexts(self.condition, poses)


@dataclass(frozen=True)
class UnposedGuidance(Zero123Guidance):
    """A model that does not receive the camera.

    A model that needs cameras is given random ones: then any view of the object scores as high as
    any other, as for a model that knows no cameras.
    """

    generator: torch.Generator

    def contexts(self, cameras: Cameras) -> Tensor:
        """Context tokens (N x 1 x C) for views from N random directions above the ground."""
        u = torch.rand(2, len(cameras), generator=self.generator)
        return super().contexts(Cameras(u[0] * 360, torch.asin(u[1]).rad2deg(), cameras.radius))


class ViewBatches:
    """Runs a network on the views of a step, in batches that fit the device's memory."""

    def __init__(self, guidance: Zero123Guidance, threads: int) -> None:
        """`threads`: number of CPU threads for the network."""
        self.guidance, self.threads = guidance, threads
        self.max_batch_size = views_in_memory(guidance.pipeline)

    def run(self, count: int, work: Callable[[Tensor], Tensor]) -> Tensor:
        """The results of `count` views, in main memory; `work` gets the indices of a batch."""
        def batch(indices: Tensor, number: int, batches: int) -> Tensor:
            return work(indices).cpu()

        with threads(self.threads):
            return torch.cat(in_batches(torch.arange(count), self.max_batch_size, batch,
                                        self.guidance.pipeline.save_memory, self._shrink))

    def _shrink(self, count: int) -> None:
        self.max_batch_size = count
        self.guidance.on_halved(count)


def views_in_memory(pipeline: Zero123Pipeline) -> int:
    """The number of views that are encoded together at first: on a GPU as many as its free memory
    holds. Waiting for memory to run out is not enough: Windows drivers spill to main memory.
    """
    device = pipeline.execution_device
    if device.type == "cpu":
        return MAX_BATCH_SIZE
    needed = ENCODING_BYTES * (pipeline.image_size / 256) ** 2
    fitting = USABLE_MEMORY * device_memory(str(device))[0] / needed
    return int(min(max(fitting, 1), MAX_BATCH_SIZE))


def evaluations_per_view(guidance_scale: float) -> int:
    """UNet evaluations for one view: guidance needs one with and one without the condition."""
    return 1 if guidance_scale == 1 else 2


def latent_shape(pipeline: Zero123Pipeline, count: int) -> tuple[int, int, int, int]:
    """Shape of `count` latents: N x C x h x w."""
    side = pipeline.unet.config.sample_size
    return count, pipeline.unet.config.out_channels, side, side


def render_images(radiance: Field, cameras: Cameras, size: int, occupancy: Occupancy,
                  generator: torch.Generator | None = None) -> Rendered:
    """Render N images of size x size pixels, as N * size * size rays.

    With a generator, samples are jittered along their rays.
    """
    rays = cameras.rays(size, radiance.voxel_grid, radiance.device)
    return render_rays(radiance, rays, occupancy, generator)


def render_rays(radiance: Field, rays: Rays, occupancy: Occupancy,
                generator: torch.Generator | None = None) -> Rendered:
    """Render given rays; they and the occupancy are on the field's device."""
    jitter = (None if generator is None
              else torch.rand(len(rays), generator=generator).to(radiance.device))
    return render(radiance, rays, occupancy, radiance.voxel_grid.voxel_size * RAY_STEP, jitter)


def as_images(values: Tensor, count: int) -> Tensor:
    """Values of rays (N * S * S x C) as N x C x S x S images."""
    size = round((len(values) // count) ** 0.5)
    return values.reshape(count, size, size, -1).permute(0, 3, 1, 2)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run torch on `count` threads: networks use all, the renderer around them is fastest on one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
