# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every network of an imported checkpoint gives the same results as the original's."""

import numpy as np
import pytest
import torch

from engine.diffusion import Condition

pytestmark = pytest.mark.golden

CONDITIONAL, UNCONDITIONAL = 1.0, 0.0
"""Guidance scales that leave only one of the two branches."""


def predict(pipeline, condition, latent, timestep, contexts, scale):
    """The UNet's output for one latent under several contexts."""
    with torch.no_grad():
        return pipeline.predict(latent.expand(len(contexts), -1, -1, -1), int(timestep), contexts,
                                condition, scale)


@pytest.fixture(scope="module")
def latent(golden_inputs):
    return torch.from_numpy(golden_inputs["x_T"][:1])


@pytest.fixture(scope="module")
def contexts(golden_outputs):
    return torch.from_numpy(golden_outputs["context_zero123"])


def test_image_embedding(condition, meets):
    meets(condition.embedding[None], "clip_embedding")


def test_autoencoder_moments(pipeline, image, meets):
    posterior = pipeline.vae.encode(image * 2 - 1).latent_dist
    meets(posterior.parameters, "vae_moments")


def test_picture_latent_is_the_unscaled_mode(condition, meets):
    meets(condition.latent, "c_concat")


def test_context(pipeline, condition, golden_outputs, meets):
    poses = torch.from_numpy(golden_outputs["T_zero123"][:, 0])
    meets(pipeline.contexts(condition, poses), "context_zero123")


def test_context_of_stable_zero123(stable_pipeline, condition, golden_inputs, meets):
    polar, azimuth, radius = golden_inputs["poses_deg"].T
    contexts = [stable_pipeline.contexts(condition, stable_pipeline.poses(
        azimuth, elevation - polar, radius, elevation, 1.0))
        for elevation in golden_inputs["cond_elevation_deg"]]
    meets(torch.stack(contexts), "context_stable")


@pytest.mark.parametrize("branch", [UNCONDITIONAL, CONDITIONAL])
@pytest.mark.parametrize("t", range(4))
def test_noise_of_the_averaged_weights(pipeline, condition, latent, contexts, golden_outputs,
                                       meets, t, branch):
    timestep = golden_outputs["eps_timesteps"][t]
    eps = predict(pipeline, condition, latent, timestep, contexts, branch)
    meets(eps, "eps_ema", part=np.s_[t, :, int(branch)])


@pytest.mark.parametrize("branch", [UNCONDITIONAL, CONDITIONAL])
@pytest.mark.parametrize("t", range(4))
def test_noise_of_a_network_made_for_inference(prepared_pipeline, condition, latent, contexts,
                                               golden_outputs, meets, t, branch):
    timestep = golden_outputs["eps_timesteps"][t]
    eps = predict(prepared_pipeline, condition, latent, timestep, contexts, branch)
    meets(eps, "eps_ema", part=np.s_[t, :, int(branch)])


@pytest.mark.parametrize("branch", [UNCONDITIONAL, CONDITIONAL])
@pytest.mark.parametrize("t", range(4))
def test_noise_of_the_raw_weights(raw_pipeline, condition, latent, contexts, golden_outputs,
                                  meets, t, branch):
    timestep = golden_outputs["eps_timesteps"][t]
    eps = predict(raw_pipeline, condition, latent, timestep, contexts[:2], branch)
    meets(eps, "eps_raw", part=np.s_[t, :, int(branch)])


@pytest.mark.parametrize("elevation", range(3))
def test_noise_of_stable_zero123(stable_pipeline, condition, latent, golden_outputs, meets,
                                 elevation):
    contexts = torch.from_numpy(golden_outputs["context_stable"][elevation])
    eps = predict(stable_pipeline, condition, latent, 489, contexts, CONDITIONAL)
    meets(eps, "eps_ema_stable", part=elevation)


def test_scaling_the_picture_latent_would_be_noticed(pipeline, condition, latent, contexts,
                                                     golden_outputs, meets):
    wrong = Condition(condition.embedding, condition.latent * pipeline.vae.config.scaling_factor)
    eps = predict(pipeline, wrong, latent, 489, contexts[1:2], CONDITIONAL)
    meets(eps, "abl_eps_concat_scaled", like="eps_ema")
    right = predict(pipeline, condition, latent, 489, contexts[1:2], CONDITIONAL)
    assert np.abs(right.numpy() - golden_outputs["abl_eps_concat_scaled"]).max() > 1e-2


def test_lightning_container_holds_the_same_model(golden_dir, imported, pipeline, tmp_path):
    from engine.models import import_checkpoint, load_pipeline

    import_checkpoint(golden_dir / "checkpoint_lightning.ckpt", golden_dir / "config.yaml",
                      out=tmp_path / "model")
    other = load_pipeline(str(tmp_path / "model"), "cpu")
    for name in ("unet", "vae", "image_encoder", "cc_projection"):
        expected = getattr(pipeline, name).state_dict()
        actual = getattr(other, name).state_dict()
        assert actual.keys() == expected.keys()
        assert all(torch.equal(actual[key], expected[key]) for key in expected)
