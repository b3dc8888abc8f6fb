# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits images of an object so that the model finds them likely.

Noise is added to the images up to a timestep inside the schedule and removed by the model under
its usual condition (SDEdit, Meng et al. 2022). What the images agree on, such as a common shape,
remains; the less noise, the more of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .conditioning import Condition
from .memory_fallbacks import in_batches
from .pipeline import Zero123Pipeline
from .samplers import Sampler, cumulative_alphas, make_sampler

OnEditStep = Callable[[int, int], None]
"""Called after each step of each batch with the number of steps done and their total."""


@dataclass(frozen=True)
class ImageEdit:
    """The settings of an image edit."""

    strength: float
    """Timestep up to which noise is added, as a share of the schedule, in (0, 1]."""
    steps: int
    """Denoising steps of the whole schedule, of which those below that timestep are taken."""
    guidance_scale: float
    """Scale of classifier-free guidance; 1 turns it off."""
    sampler: str = "dpm++"
    """A deterministic sampler, see `make_sampler`."""


@dataclass(frozen=True)
class EditedImages:
    """Edited images, and their cost."""

    images: Tensor
    """(n, s, s, 3) in [0, 1], on the CPU."""
    unet_evaluations: int
    """Number of batch items that the UNet evaluated; guidance counts twice."""


@torch.no_grad()
def edit_images(pipeline: Zero123Pipeline, condition: Condition, images: Tensor, contexts: Tensor,
                edit: ImageEdit, generator: torch.Generator,
                on_step: OnEditStep = lambda done, total: None) -> EditedImages:
    """The images, edited by the model.

    Args:
        images: (n, h, w, 3) in [0, 1], on white, on the CPU.
        contexts: (n, 1, c), of the images' cameras (`Zero123Pipeline.contexts`).
        generator: of the noise, on the CPU. All images share it, as the views of a sample do.
    """
    alphas = cumulative_alphas(pipeline.scheduler.config)
    start = max(round(edit.strength * len(alphas)), 1) - 1
    signal, spread = float(alphas[start]) ** 0.5, float(1 - alphas[start]) ** 0.5
    side = pipeline.unet.config.sample_size
    noise = torch.randn((1, pipeline.unet.config.out_channels, side, side), generator=generator)
    noise = noise.to(pipeline.execution_device)

    def new_sampler() -> Sampler:
        return make_sampler(edit.sampler, pipeline.scheduler.config, edit.steps, start=start)

    steps = len(new_sampler().timesteps)

    def change(items: Tensor, number: int, count: int) -> Tensor:
        def report(index: int, timestep: int, latents: Tensor) -> Tensor:
            on_step(number * steps + index + 1, steps * count)
            return latents

        noisy = signal * encode_modes(pipeline, images[items]) + spread * noise
        return pipeline.decode(pipeline.denoise(
            noisy, contexts[items.to(contexts.device)], condition, new_sampler(),
            edit.guidance_scale, on_step=report)).cpu()

    changed = in_batches(torch.arange(len(images)), pipeline.max_batch_size(edit.guidance_scale),
                         change, pipeline.save_memory)
    passes = 1 if edit.guidance_scale == 1 else 2
    return EditedImages(torch.cat(changed).permute(0, 2, 3, 1), steps * len(images) * passes)


def encode_modes(pipeline: Zero123Pipeline, images: Tensor) -> Tensor:
    """Scaled float32 latents (n, 4, h, w) of (n, H, W, 3) images in [0, 1], the posteriors' modes.
    """
    size = (pipeline.image_size, pipeline.image_size)
    rgb = images.permute(0, 3, 1, 2).to(pipeline.execution_device)
    if rgb.shape[-2:] != size:
        rgb = F.interpolate(rgb, size, mode="bilinear", antialias=True)
    pipeline.vae.use_tiling = False  # the latents of neighbouring tiles would differ
    latents = pipeline.vae.encode((rgb * 2 - 1).to(pipeline.vae.dtype)).latent_dist.mode()
    return latents.float() * pipeline.vae.config.scaling_factor
