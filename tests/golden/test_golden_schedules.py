# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The noise schedule and the timesteps that the original visits."""

import numpy as np
import pytest

from engine.diffusion.samplers import cumulative_alphas, ddim_schedule, original_timesteps

pytestmark = pytest.mark.golden

FLOAT32 = 1e-6
"""The original keeps its schedule in float32, ours is float64."""


@pytest.fixture(scope="module")
def alphas(pipeline):
    return cumulative_alphas(pipeline.scheduler.config)


def test_cumulative_alphas(alphas, golden_outputs, meets):
    meets(alphas, "alphas_cumprod")
    betas = 1 - alphas / np.append(1.0, alphas[:-1])
    np.testing.assert_allclose(betas, golden_outputs["betas"], rtol=FLOAT32)


@pytest.mark.parametrize("steps", [10, 20, 25, 50, 75, 76, 100, 200])
def test_ddim_visits_the_originals_timesteps(golden_outputs, steps):
    visited = original_timesteps(steps)
    assert visited == golden_outputs[f"ddim{steps}_used_timesteps"].tolist()
    # The original computes one more and drops it.
    dropped = visited[0] + 1000 // steps
    assert [*visited[::-1], dropped] == golden_outputs[f"ddim{steps}_all_timesteps"].tolist()


@pytest.mark.parametrize("steps", [10, 20, 25, 50, 75, 76, 100, 200])
def test_ddim_coefficients(alphas, golden_outputs, steps):
    schedule = ddim_schedule(alphas, original_timesteps(steps), eta=1.0)
    for ours, name in ((schedule.alphas, "alphas"), (schedule.alphas_prev, "alphas_prev"),
                       (schedule.sigmas, "sigmas_eta1")):
        expected = golden_outputs[f"ddim{steps}_{name}"][:-1][::-1]
        np.testing.assert_allclose(ours, expected, atol=FLOAT32, rtol=10 * FLOAT32)
