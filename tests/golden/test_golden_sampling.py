# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sampling runs: every intermediate latent, the predicted clean latents, and the images."""

import numpy as np
import pytest
import torch

from engine.diffusion.samplers import (
    DDIMSampler,
    cumulative_alphas,
    ddim_schedule,
    original_timesteps,
)

pytestmark = pytest.mark.golden

RUNS = ("eta0_s20", "stable_eta0_s10", "eta1_s75")


class Recorder(DDIMSampler):
    """DDIM that records its predictions."""

    def predict(self, index, model_output, sample):
        clean, eps = super().predict(index, model_output, sample)
        self.clean = [*getattr(self, "clean", []), clean]
        return clean, eps


def input_elevation(run, golden_inputs):
    """Elevation of the conditioning view in degrees; only Stable Zero123 receives it."""
    return float(golden_inputs.get(f"{run}_stable_elevation_deg", 0.0))


def run_pose(run, golden_inputs):
    """(azimuth, elevation, radius) that `Zero123Pipeline.poses` takes, with input radius 1.85."""
    polar, azimuth, radius = golden_inputs["poses_deg"][int(golden_inputs[f"{run}_pose_index"])]
    return azimuth, input_elevation(run, golden_inputs) - polar, 1.85 + radius


@pytest.fixture(scope="module", params=RUNS)
def run(request):
    return request.param


@pytest.fixture(scope="module")
def model(run, pipeline, stable_pipeline):
    return stable_pipeline if run.startswith("stable") else pipeline


@pytest.fixture(scope="module")
def walk(run, model, condition, golden_inputs):
    """(latents after each step, predicted clean latent before each) of a run."""
    poses = model.poses(*run_pose(run, golden_inputs), input_elevation(run, golden_inputs), 1.85)
    schedule = ddim_schedule(
        cumulative_alphas(model.scheduler.config),
        original_timesteps(int(golden_inputs[f"{run}_steps"])),
        float(golden_inputs[f"{run}_eta"]))
    sampler = Recorder(schedule, "epsilon")
    noises = golden_inputs.get(f"{run}_noises")
    latents = []
    with torch.no_grad():
        model.denoise(
            torch.from_numpy(golden_inputs["x_T"]),
            model.contexts(condition, poses).expand(2, -1, -1), condition, sampler,
            float(golden_inputs["guidance_scale"]),
            step_noise=None if noises is None else torch.from_numpy(noises),
            on_step=lambda index, timestep, current: latents.append(current) or current)
    return latents, sampler.clean


def test_latents_on_the_way(run, walk, golden_outputs, meets):
    index = golden_outputs[f"{run}_x_index"]
    meets(torch.stack([walk[0][i] for i in index]), f"{run}_x", like=f"{run}_latent")


def test_final_latent(run, walk, meets):
    meets(walk[0][-1], f"{run}_latent")


def test_predicted_clean_latents(run, walk, meets):
    clean = walk[1]
    chosen = torch.stack([clean[0], clean[len(clean) // 2], clean[-1]])
    meets(chosen, f"{run}_pred_x0", like=f"{run}_latent")


def test_decoder(run, model, golden_outputs, meets):
    expected = golden_outputs[f"{run}_decoded_raw"]
    latent = torch.from_numpy(golden_outputs[f"{run}_latent"][:len(expected)])
    with torch.no_grad():
        decoded = model.vae.decode(latent / model.vae.config.scaling_factor).sample
    meets(decoded, f"{run}_decoded_raw")
    # `decode` takes one picture at a time, which rounds differently.
    np.testing.assert_allclose(model.decode(latent), ((decoded + 1) / 2).clamp(0, 1), atol=1e-4)


def test_pictures(run, model, walk, golden_outputs):
    pictures = (model.decode(walk[0][-1]).permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    difference = pictures.astype(int) - golden_outputs[f"{run}_image_u8"]
    assert np.abs(difference).max() <= 1  # a truncation that falls the other way


@pytest.mark.parametrize("run", ["eta0_s20", "stable_eta0_s10"], scope="module")
def test_one_call_gives_the_originals_pictures(run, model, golden_inputs, golden_outputs):
    assert_originals_pictures(run, model, golden_inputs, golden_outputs)


def test_one_call_made_for_inference_gives_them_too(prepared_pipeline, golden_inputs,
                                                    golden_outputs):
    assert_originals_pictures("eta0_s20", prepared_pipeline, golden_inputs, golden_outputs)


def assert_originals_pictures(run, model, golden_inputs, golden_outputs):
    azimuth, elevation, radius = run_pose(run, golden_inputs)
    steps = int(golden_inputs[f"{run}_steps"])
    result = model(
        golden_inputs["image_rgb"], azimuth, elevation, radius,
        input_elevation=input_elevation(run, golden_inputs), input_radius=1.85, num_samples=2,
        num_inference_steps=steps, guidance_scale=float(golden_inputs["guidance_scale"]),
        sampler="ddim", latents=torch.from_numpy(golden_inputs["x_T"]), output_type="np")
    pictures = (result.images * 255).astype(np.uint8).astype(int)
    assert np.abs(pictures - golden_outputs[f"{run}_image_u8"]).max() <= 1
    assert result.unet_evaluations == 2 * 2 * (steps - 1)
