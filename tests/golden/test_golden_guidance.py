# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score distillation gives threestudio's loss and gradients."""

import numpy as np
import pytest
import torch

from engine.diffusion import Perturbation, score_distillation

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module", params=["sds_zero123", "sds_stable"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def distilled(name, pipeline, stable_pipeline, condition, golden_inputs):
    """(contexts, result, gradient with respect to the images) of one evaluation."""
    model = stable_pipeline if name == "sds_stable" else pipeline

    def given(key):
        return torch.from_numpy(golden_inputs[f"{name}_{key}"])

    elevation, azimuth, radius = golden_inputs[f"{name}_cond_elev_azim_dist"]
    poses = model.poses(given("azimuth_deg") - azimuth, given("elevation_deg"),
                        given("camera_distance"), elevation, radius)
    contexts = model.contexts(condition, poses).detach()
    rgb = given("rgb").requires_grad_()
    result = score_distillation(model, condition, rgb, contexts,
                                Perturbation(given("t"), given("noise")), given("vae_noise"),
                                float(golden_inputs["guidance_scale"]))
    result.loss.backward()
    return contexts, result, rgb.grad


def test_contexts(name, distilled, golden_outputs, meets):
    expected = golden_outputs[f"{name}_context"]
    assert not expected[:2].any()  # the null condition is zero after the projection
    meets(distilled[0], f"{name}_context", like="context_zero123", part=np.s_[2:])


def test_latents(name, distilled, meets):
    meets(distilled[1].latents, f"{name}_latents")


def test_loss(name, distilled, meets):
    meets(distilled[1].loss, f"{name}_loss")


def test_gradient_of_the_latents(name, distilled, golden_outputs):
    norm = float(distilled[1].gradient.norm())
    assert norm == pytest.approx(float(golden_outputs[f"{name}_grad_norm"]), rel=1e-5)


def test_gradient_of_the_pictures(name, distilled, meets):
    meets(distilled[2], f"{name}_grad_rgb")
