# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zero123Pipeline with random weights: the behaviour on which callers rely. tests/golden compares
numbers."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from helpers.tiny_pipeline import IMAGE_SIZE, LATENT, ORIGINAL, ZERO_SNR, tiny_pipeline

from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.diffusion import Zero123Pipeline

AROUND = [0.0, 90.0, 180.0]


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module", params=[ORIGINAL, ZERO_SNR], ids=["epsilon", "zero terminal SNR"])
def pipeline(request):
    return tiny_pipeline(request.param)


@pytest.fixture(scope="module")
def zero_snr_pipeline():
    return tiny_pipeline(ZERO_SNR)


def seed(number=1):
    return torch.Generator().manual_seed(number)


@pytest.mark.parametrize("sampler", ["ddim", "dpm++", "unipc"])
def test_view_is_independent_of_other_views_and_batches(pipeline, image, sampler):
    together = pipeline(image, AROUND, 10.0, num_samples=2, sampler=sampler, generator=seed(),
                        output_type="latent", batch_size=4).images
    alone = pipeline(image, [90.0], 10.0, num_samples=2, sampler=sampler, generator=seed(),
                     output_type="latent").images
    assert together.shape == (6, *LATENT)
    assert torch.isfinite(together).all()
    torch.testing.assert_close(together[2:4], alone, atol=1e-5, rtol=1e-4)
    assert (together[0] - together[2]).abs().max() > 1e-3  # the pose matters
    assert (together[2] - together[3]).abs().max() > 1e-3  # and so does the sample


def test_stochastic_view_is_independent_of_batches(pipeline, image):
    def run(**options):
        return pipeline(image, AROUND, num_samples=2, sampler="ddim", eta=1.0, generator=seed(),
                        output_type="latent", **options).images

    torch.testing.assert_close(run(batch_size=1), run(), atol=1e-5, rtol=1e-4)
    quiet = pipeline(image, AROUND, num_samples=2, sampler="ddim", generator=seed(),
                     output_type="latent").images
    assert (run() - quiet).abs().max() > 1e-2


def test_first_sample_is_independent_of_their_number(zero_snr_pipeline, image):
    one = zero_snr_pipeline(image, 90.0, generator=seed(), output_type="latent").images
    two = zero_snr_pipeline(image, 90.0, num_samples=2, generator=seed(),
                            output_type="latent").images
    torch.testing.assert_close(two[:1], one, atol=1e-5, rtol=1e-4)


def test_pipeline_repeats_with_the_same_seed(zero_snr_pipeline, image):
    first, again, other = (
        zero_snr_pipeline(image, AROUND, generator=seed(number), output_type="np").images
        for number in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pipeline_starts_from_given_latents(zero_snr_pipeline, image):
    drawn = torch.randn(1, *LATENT, generator=seed())
    given = zero_snr_pipeline(image, AROUND, latents=drawn.repeat(3, 1, 1, 1), output_type="np")
    ours = zero_snr_pipeline(image, AROUND, generator=seed(), output_type="np")
    np.testing.assert_array_equal(given.images, ours.images)


@pytest.mark.parametrize(("guidance_scale", "halves"), [(1.0, 1), (2.0, 2)])
def test_guidance_of_one_skips_the_null_condition(zero_snr_pipeline, image, guidance_scale, halves):
    rows = []
    hook = zero_snr_pipeline.unet.register_forward_pre_hook(
        lambda module, arguments: rows.append(len(arguments[0])))
    try:
        result = zero_snr_pipeline(image, AROUND, num_samples=2, num_inference_steps=5,
                                   guidance_scale=guidance_scale)
    finally:
        hook.remove()
    assert rows == [6 * halves] * 5
    assert result.unet_evaluations == sum(rows)


def test_guidance_extrapolates_from_the_null_condition(zero_snr_pipeline, image):
    pipe = zero_snr_pipeline
    condition = pipe.encode_image(pipe.image_tensor(image))
    contexts = pipe.contexts(condition, pipe.poses(90.0, 0.0, 1.85, 0.0, 1.85))
    latents = torch.randn(1, *LATENT, generator=seed())
    with torch.no_grad():
        null, conditional, guided = (
            pipe.predict(latents, 500, contexts, condition, scale) for scale in (0.0, 1.0, 3.0))
        nothing = pipe.unet(torch.cat([latents, torch.zeros_like(latents)], 1), 500,
                            torch.zeros_like(contexts)).sample
    torch.testing.assert_close(null, nothing, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(guided, null + 3 * (conditional - null), atol=1e-5, rtol=1e-4)


def test_pipeline_encodes_the_image_once(zero_snr_pipeline, image):
    calls = []
    hooks = [module.register_forward_hook(lambda *_, name=name: calls.append(name))
             for name, module in (("clip", zero_snr_pipeline.image_encoder),
                                  ("vae", zero_snr_pipeline.vae.encoder))]
    try:
        zero_snr_pipeline(image, AROUND, num_samples=2, batch_size=1)
    finally:
        for hook in hooks:
            hook.remove()
    assert sorted(calls) == ["clip", "vae"]


def test_callback_counts_every_step_of_every_batch(zero_snr_pipeline, image):
    steps = []

    def report(pipe, index, timestep, state):
        steps.append((index, timestep, pipe.num_timesteps, len(state["latents"])))

    zero_snr_pipeline(image, AROUND, num_inference_steps=4, batch_size=2,
                      callback_on_step_end=report)
    assert [s[0] for s in steps] == list(range(8))
    assert {s[2] for s in steps} == {8}
    assert [s[3] for s in steps] == [2] * 4 + [1] * 4
    assert steps[0][1] == 999


def test_callback_can_stop_and_replace_latents(zero_snr_pipeline, image):
    def stop(*_):
        raise JobCancelled

    def erase(pipe, index, timestep, state):
        return {"latents": torch.zeros_like(state["latents"])}

    with pytest.raises(JobCancelled):
        zero_snr_pipeline(image, callback_on_step_end=stop)
    erased = zero_snr_pipeline(image, output_type="latent", callback_on_step_end=erase)
    assert not erased.images.any()


def test_output_types_hold_the_same_image(zero_snr_pipeline, image):
    forms = {kind: zero_snr_pipeline(image, AROUND, generator=seed(), output_type=kind).images
             for kind in ("pil", "np", "pt", "latent")}
    assert forms["np"].shape == (3, IMAGE_SIZE, IMAGE_SIZE, 3)
    assert forms["np"].dtype == np.float32
    assert 0 <= forms["np"].min() <= forms["np"].max() <= 1
    np.testing.assert_array_equal(forms["pt"].permute(0, 2, 3, 1).numpy(), forms["np"])
    np.testing.assert_allclose(np.asarray(forms["pil"][1]) / 255, forms["np"][1], atol=0.51 / 255)
    np.testing.assert_array_equal(zero_snr_pipeline.decode(forms["latent"]), forms["pt"])


def test_saved_pipeline_loads_unchanged(zero_snr_pipeline, image, tmp_path):
    zero_snr_pipeline.save_pretrained(tmp_path)
    loaded = Zero123Pipeline.from_pretrained(tmp_path, local_files_only=True)
    assert loaded.config.pose_encoding == "zero123"
    assert loaded.config.default_num_inference_steps == 4
    assert loaded.config.default_guidance_scale == 2.0
    expected = zero_snr_pipeline(image, AROUND, generator=seed(), output_type="np")
    actual = loaded(image, AROUND, generator=seed(), output_type="np")
    np.testing.assert_array_equal(actual.images, expected.images)
    assert not list(tmp_path.rglob("*.bin"))


def test_stable_zero123_uses_elevation_not_radius(image):
    stable = tiny_pipeline(ORIGINAL, pose_encoding="stable")

    def view(radius, input_elevation):
        return stable(image, 90.0, input_elevation, radius, input_elevation=input_elevation,
                      generator=seed(), output_type="latent").images

    torch.testing.assert_close(view(1.6, 0.0), view(2.1, 0.0))
    assert (view(1.6, 0.0) - view(1.6, 40.0)).abs().max() > 1e-3


def test_pipeline_accepts_images_of_other_sizes(zero_snr_pipeline, image):
    picture = PIL.Image.fromarray((image * 255).round().astype(np.uint8))
    from_pil = zero_snr_pipeline.image_tensor(picture)
    np.testing.assert_allclose(from_pil[0].permute(1, 2, 0), image, atol=0.51 / 255)
    large = np.kron(image, np.ones((4, 4, 1), np.float32))
    small = zero_snr_pipeline.image_tensor(large)
    assert small.shape == (1, 3, IMAGE_SIZE, IMAGE_SIZE)
    assert abs(float(small.mean()) - image.mean()) < 0.01


@pytest.mark.parametrize("arguments", [
    {"azimuth": [0.0, 1.0, 2.0], "elevation": [0.0, 1.0]},
    {"azimuth": [float("nan")]},
    {"azimuth": []},
    {"output_type": "jpeg"},
    {"num_samples": 0},
    {"sampler": "euler"},
    {"num_inference_steps": 0},
    {"image": np.zeros((32, 16, 3), np.float32)},
    {"image": np.zeros((32, 32), np.float32)},
])
def test_pipeline_names_bad_arguments(zero_snr_pipeline, image, arguments):
    with pytest.raises(EngineError) as caught:
        zero_snr_pipeline(**({"image": image} | arguments))
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_pipeline_reports_weights_that_give_nan(image):
    broken = tiny_pipeline()
    with torch.no_grad():
        broken.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(EngineError) as caught:
        broken(image)
    assert caught.value.code is ErrorCode.MODEL_DAMAGED


def test_pipeline_refuses_an_unknown_pose_encoding():
    with pytest.raises(EngineError) as caught:
        tiny_pipeline(pose_encoding="polar")
    assert caught.value.code is ErrorCode.MODEL_INCOMPATIBLE
