# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views that are sampled from the views before them, with random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.tiny_pipeline import IMAGE_SIZE, ORIGINAL, ZERO_SNR, tiny_pipeline

from engine.diffusion import Zero123Pipeline
from engine.diffusion.fused import (
    MAX_ANGLE_DEG,
    ViewSampling,
    angles_deg,
    fusion_weights,
    sample_fused,
)

INPUT = (0.0, 10.0, 1.85)
POSES = [(150.0, 10.0, 1.85), (45.0, 10.0, 1.7), (90.0, 30.0, 1.85)]


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).random((IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def pipeline() -> Zero123Pipeline:
    return tiny_pipeline(ZERO_SNR)


def seed() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.mark.parametrize("guidance_scale", [1.0, 2.0])
@pytest.mark.parametrize("sampler", ["dpm++", "ddim"])
@pytest.mark.parametrize("scheduler", [ORIGINAL, ZERO_SNR], ids=["epsilon", "zero terminal SNR"])
def test_first_fused_view_equals_the_plain_sampler(
        image: np.ndarray, scheduler: dict, sampler: str, guidance_scale: float) -> None:
    """Only the image is known yet: bit for bit."""
    pipeline = tiny_pipeline(scheduler)
    plain = pipeline(image, *POSES[1], input_elevation=10.0, num_inference_steps=4,
                     guidance_scale=guidance_scale, sampler=sampler, generator=seed(),
                     output_type="np")
    fused = sample_fused(pipeline, image, POSES[1:2], INPUT,
                         ViewSampling(4, guidance_scale, sampler), seed())
    np.testing.assert_array_equal(fused.images, plain.images)
    assert fused.unet_evaluations == plain.unet_evaluations


def test_later_fused_views_depend_on_earlier_ones(pipeline: Zero123Pipeline,
                                                  image: np.ndarray) -> None:
    sampling = ViewSampling(3, 1.0)
    alone = sample_fused(pipeline, image, POSES[2:], INPUT, sampling, seed()).images
    after = sample_fused(pipeline, image, POSES, INPUT, sampling, seed()).images
    assert np.abs(alone[0] - after[2]).max() > 1e-4


@pytest.mark.parametrize(("guidance_scale", "expected"), [(1.0, 1 + 2 + 3), (2.0, 2 + 3 + 4)])
def test_fused_cost_grows_with_the_known_views(pipeline: Zero123Pipeline, image: np.ndarray,
                                               guidance_scale: float, expected: int) -> None:
    """The sum over views of known views, and one for the null condition."""
    asked = []
    hook = pipeline.unet.register_forward_pre_hook(
        lambda module, arguments: asked.append(len(arguments[0])))
    try:
        found = sample_fused(pipeline, image, POSES, INPUT, ViewSampling(3, guidance_scale),
                             seed())
    finally:
        hook.remove()
    assert found.unet_evaluations == sum(asked) == 3 * expected


def test_fused_views_come_in_the_order_of_their_poses(pipeline: Zero123Pipeline,
                                                      image: np.ndarray) -> None:
    sampling = ViewSampling(2, 1.0)
    forth = sample_fused(pipeline, image, POSES, INPUT, sampling, seed()).images
    back = sample_fused(pipeline, image, POSES[::-1], INPUT, sampling, seed()).images
    np.testing.assert_array_equal(forth, back[::-1])


def test_fused_samples_of_a_view_differ(pipeline: Zero123Pipeline, image: np.ndarray) -> None:
    found = sample_fused(pipeline, image, POSES[:2], INPUT, ViewSampling(
        2, 1.0, "ddim", eta=1.0, num_samples=2), seed()).images
    assert found.shape == (4, IMAGE_SIZE, IMAGE_SIZE, 3)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_fused_sampling_reports_every_step(pipeline: Zero123Pipeline, image: np.ndarray) -> None:
    told: list[tuple[int, int]] = []
    sample_fused(pipeline, image, POSES, INPUT, ViewSampling(2, 1.0), seed(),
                 lambda done, total: told.append((done, total)))
    assert told == [(done, 6) for done in range(1, 7)]


def test_fusion_weights_sum_to_one_and_fall_with_the_angle() -> None:
    known = [INPUT, (20.0, 10.0, 1.85), (40.0, 10.0, 1.85), (60.0, 10.0, 1.5)]
    weights = fusion_weights((70.0, 10.0, 1.85), known)
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights) > 0).all()


def test_fusion_weights_leave_out_distant_views_but_the_input() -> None:
    known = [INPUT, (10.0, 0.0, 1.85), (170.0, 0.0, 1.85)]
    weights = fusion_weights((180.0, 0.0, 1.85), known)
    assert weights[0] > 0
    assert weights[1] == 0
    assert angles_deg((180.0, 0.0, 1.0), known)[1] > MAX_ANGLE_DEG
