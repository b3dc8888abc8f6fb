# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that a model changes from noise inside the schedule, with random weights."""

from __future__ import annotations

import pytest
import torch
from helpers.tiny_pipeline import IMAGE_SIZE, ORIGINAL, ZERO_SNR, tiny_pipeline

from engine.diffusion import Zero123Pipeline
from engine.diffusion.samplers import cumulative_alphas, make_sampler, timesteps_from
from engine.diffusion.sdedit import EditedImages, ImageEdit, edit_images, encode_modes

AZIMUTHS = [30.0, 120.0, 250.0]


@pytest.fixture(scope="module", params=[ORIGINAL, ZERO_SNR], ids=["epsilon", "zero terminal SNR"])
def pipeline(request: pytest.FixtureRequest) -> Zero123Pipeline:
    return tiny_pipeline(request.param)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(3, IMAGE_SIZE, IMAGE_SIZE, 3, generator=torch.Generator().manual_seed(1))


def edited(pipeline: Zero123Pipeline, images: torch.Tensor, **options: object) -> EditedImages:
    photo = torch.rand(1, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(2))
    condition = pipeline.encode_image(photo)
    contexts = pipeline.contexts(condition, pipeline.poses(AZIMUTHS, 0.0, 1.85, 0.0, 1.85))
    settings = {"strength": 0.5, "steps": 6, "guidance_scale": 1.0, **options}
    return edit_images(pipeline, condition, images, contexts, ImageEdit(**settings),
                       torch.Generator().manual_seed(3))


def test_edit_images_changes_less_at_less_noise(
        pipeline: Zero123Pipeline, images: torch.Tensor) -> None:
    kept = pipeline.decode(encode_modes(pipeline, images)).permute(0, 2, 3, 1)
    changes = [float((edited(pipeline, images, strength=strength).images - kept).abs().mean())
               for strength in (0.001, 0.5)]
    assert changes[0] < changes[1]


@pytest.mark.parametrize("guidance_scale", [1.0, 2.0])
@pytest.mark.parametrize("sampler", ["dpm++", "ddim"])
def test_edit_images_counts_the_steps_that_it_takes(
        pipeline: Zero123Pipeline, images: torch.Tensor, sampler: str,
        guidance_scale: float) -> None:
    """About half of the schedule's six steps for each of three images."""
    found = edited(pipeline, images, sampler=sampler, guidance_scale=guidance_scale)
    assert found.images.shape == (3, IMAGE_SIZE, IMAGE_SIZE, 3)
    assert torch.isfinite(found.images).all()
    assert found.unet_evaluations / (3 * guidance_scale) in (3, 4)


def test_edit_images_depends_on_the_camera(pipeline: Zero123Pipeline,
                                           images: torch.Tensor) -> None:
    same = edited(pipeline, images[:1].repeat(3, 1, 1, 1)).images
    assert (same[0] - same[1]).abs().max() > 1e-4


def test_edit_images_of_full_strength_forgets_the_images(images: torch.Tensor) -> None:
    """At zero terminal SNR nothing of an image is left in the last timestep."""
    pipeline = tiny_pipeline(ZERO_SNR)
    first, other = (edited(pipeline, some, strength=1.0).images for some in (images, 1 - images))
    torch.testing.assert_close(first, other)


def test_timesteps_from_begin_at_the_start() -> None:
    assert timesteps_from(499, [999, 750, 500, 250, 1]) == [499, 250, 1]
    assert timesteps_from(499, [999]) == [499]
    assert timesteps_from(None, [999, 500]) == [999, 500]


@pytest.mark.parametrize("name", ["dpm++", "unipc", "ddim"])
def test_sampler_from_a_start_restores_noisy_data(name: str) -> None:
    """Data at zero with a known denoiser: whatever the noise, every sampler ends near zero."""
    config = dict(tiny_pipeline(ZERO_SNR).scheduler.config)
    sampler = make_sampler(name, config, 10, start=499)
    assert sampler.timesteps[0] == 499
    sample = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    alphas = cumulative_alphas(config)
    sample = sample * float(1 - alphas[499]) ** 0.5
    for index, timestep in enumerate(sampler.timesteps):
        output = sample * (float(alphas[timestep]) / float(1 - alphas[timestep])) ** 0.5
        sample = sampler.step(index, output, sample)
    assert sample.abs().max() < 0.05
