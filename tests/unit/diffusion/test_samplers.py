# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samplers: on a distribution whose exact denoiser is known, so that errors can be measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import EngineError, ErrorCode
from engine.diffusion.samplers import (
    cumulative_alphas,
    ddim_step,
    make_sampler,
    original_timesteps,
    predict_clean_and_noise,
    trailing_timesteps,
)

BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
         "beta_schedule": "scaled_linear"}
EPSILON = {**BETAS, "prediction_type": "epsilon", "timestep_spacing": "leading"}
ZERO_SNR = {**BETAS, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
MODES = torch.tensor([-1.2, 0.3, 1.5])
SPREAD = 0.25
"""The data: three Gaussians."""


def exact_output(sample: torch.Tensor, alpha: float, prediction_type: str) -> torch.Tensor:
    """The output of a perfect network for data from the mixture."""
    variance = alpha * SPREAD**2 + 1 - alpha
    offset = sample[..., None] - alpha**0.5 * MODES
    weights = (-(offset**2) / (2 * variance)).softmax(-1)
    clean = (weights * (MODES + alpha**0.5 * SPREAD**2 / variance * offset)).sum(-1)
    if prediction_type == "v_prediction":
        return (alpha**0.5 * sample - clean) / (1 - alpha) ** 0.5
    return (sample - alpha**0.5 * clean) / (1 - alpha) ** 0.5


def walk(name: str, config: dict, steps: int, eta: float = 0.0) -> torch.Tensor:
    """Samples from 4096 draws of noise."""
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(1, 1, 64, 64, generator=generator)
    alphas = cumulative_alphas(config)
    sampler = make_sampler(name, config, steps, eta)
    for i, t in enumerate(sampler.timesteps):
        output = exact_output(sample, float(alphas[t]), config["prediction_type"])
        sample = sampler.step(i, output, sample, torch.randn(sample.shape, generator=generator))
    return sample


@pytest.fixture(scope="module", params=[EPSILON, ZERO_SNR], ids=["epsilon", "zero terminal SNR"])
def config(request):
    return request.param


@pytest.fixture(scope="module")
def exact(config):
    """The end of the exact probability flow: DDIM with a thousand steps."""
    return walk("ddim", {**config, "timestep_spacing": "trailing"}, 1000)


@pytest.mark.parametrize(("name", "steps", "error"), [
    ("dpm++", 4, 0.13), ("dpm++", 6, 0.05), ("dpm++", 10, 0.05), ("dpm++", 50, 0.01),
    ("unipc", 4, 0.08), ("unipc", 6, 0.07), ("unipc", 10, 0.05), ("unipc", 50, 0.01),
    ("ddim", 10, 0.12), ("ddim", 50, 0.04),
])
def test_samplers_approach_the_exact_solution(config, exact, name, steps, error):
    assert (walk(name, config, steps) - exact).abs().mean() < error


def test_stochastic_ddim_samples_the_data():
    sample = walk("ddim", ZERO_SNR, 200, eta=1.0)
    nearest = (sample[..., None] - MODES).abs().argmin(-1)
    assert torch.bincount(nearest.flatten()).div(sample.numel()).sub(1 / 3).abs().max() < 0.04
    assert (sample - MODES[nearest]).std() == pytest.approx(SPREAD, abs=0.03)


def test_zero_terminal_snr_ends_in_pure_noise():
    alphas = cumulative_alphas(ZERO_SNR)
    assert alphas[-1] == 0
    assert alphas[0] == pytest.approx(cumulative_alphas(EPSILON)[0])
    assert (np.diff(alphas) < 0).all()


@pytest.mark.parametrize("name", ["ddim", "dpm++", "unipc"])
@pytest.mark.parametrize("steps", [1, 2, 4, 7, 25, 1000])
def test_zero_terminal_snr_starts_at_the_last_timestep(name, steps):
    timesteps = make_sampler(name, ZERO_SNR, steps).timesteps
    assert timesteps[0] == 999
    assert len(timesteps) == len(set(timesteps)) == steps
    assert timesteps == sorted(timesteps, reverse=True)
    assert timesteps[-1] >= 0


@given(st.integers(2, 1000))
def test_original_timesteps_stay_within_training(steps):
    timesteps = original_timesteps(steps)
    assert timesteps[-1] == 1
    assert timesteps[0] <= 999
    assert set(np.diff(timesteps).tolist()) <= {-(1000 // steps)}


@given(st.integers(1, 1000))
def test_trailing_timesteps_have_the_requested_number(steps):
    timesteps = trailing_timesteps(steps)
    assert len(set(timesteps)) == steps
    assert timesteps[0] == 999
    assert timesteps[-1] >= 0


@settings(deadline=None)
@given(st.floats(0.01, 0.99), st.integers(0, 2**31))
def test_predict_clean_and_noise_inverts_both_types(alpha, seed):
    generator = torch.Generator().manual_seed(seed)
    clean, eps = torch.randn(2, 1, 4, 2, 2, generator=generator, dtype=torch.float64)
    sample = ddim_step(clean, eps, alpha)
    velocity = alpha**0.5 * eps - (1 - alpha) ** 0.5 * clean
    for output, kind in ((eps, "epsilon"), (velocity, "v_prediction")):
        for actual, expected in zip(predict_clean_and_noise(output, sample, alpha, kind),
                                    (clean, eps), strict=True):
            torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize(("name", "config", "steps", "code"), [
    ("euler", ZERO_SNR, 10, ErrorCode.BAD_INPUT),
    ("dpm++", ZERO_SNR, 0, ErrorCode.BAD_INPUT),
    ("dpm++", ZERO_SNR, 1001, ErrorCode.BAD_INPUT),
    ("ddim", EPSILON, 1, ErrorCode.BAD_INPUT),
    ("ddim", {**EPSILON, "rescale_betas_zero_snr": True}, 10, ErrorCode.MODEL_INCOMPATIBLE),
    ("ddim", {**EPSILON, "prediction_type": "sample"}, 10, ErrorCode.MODEL_INCOMPATIBLE),
    ("ddim", {**EPSILON, "beta_schedule": "sigmoid"}, 10, ErrorCode.MODEL_INCOMPATIBLE),
])
def test_make_sampler_refuses_impossible_requests(name, config, steps, code):
    with pytest.raises(EngineError) as caught:
        make_sampler(name, config, steps)
    assert caught.value.code is code
