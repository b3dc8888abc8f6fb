# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deep features of the UNet kept between denoising steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from helpers.small_device import SmallDevice
from helpers.tiny_pipeline import IMAGE_SIZE, LATENT, tiny_pipeline
from torch import Tensor, nn

from engine.core.errors import EngineError, ErrorCode
from engine.diffusion import Zero123Pipeline
from engine.diffusion.feature_cache import CachedUNet
from engine.diffusion.memory_fallbacks import slice_attention
from engine.models import load_pipeline

AROUND = [0.0, 90.0, 180.0]


def plain() -> Zero123Pipeline:
    return tiny_pipeline()


def prepared() -> Zero123Pipeline:
    pipeline = tiny_pipeline()
    pipeline.prepare_for_inference()
    return pipeline


def sliced() -> Zero123Pipeline:
    pipeline = prepared()
    slice_attention(pipeline)
    return pipeline


def hooked() -> Zero123Pipeline:
    """As offloading does it."""
    pipeline = tiny_pipeline()
    add_hook_to_module(pipeline.unet, ModelHook())
    return pipeline


def half() -> Zero123Pipeline:
    pipeline = tiny_pipeline()
    nn.Module.to(pipeline.unet, torch.bfloat16)
    return pipeline


def nano() -> Zero123Pipeline:
    return load_pipeline("nano", "cpu")


def inputs(pipeline: Zero123Pipeline, rows: int = 2) -> tuple[Tensor, int, Tensor]:
    generator = torch.Generator().manual_seed(0)
    config, dtype = pipeline.unet.config, pipeline.unet.dtype
    sample = torch.randn(rows, config.in_channels, config.sample_size, config.sample_size,
                         generator=generator)
    context = torch.randn(rows, 1, config.cross_attention_dim, generator=generator)
    return sample.to(dtype), 500, context.to(dtype)


@torch.no_grad()
@pytest.mark.parametrize("make", [plain, prepared, sliced, hooked, half, nano])
def test_kept_features_are_those_that_the_last_layer_needs(
        make: Callable[[], Zero123Pipeline]) -> None:
    pipeline = make()
    sample, timestep, context = inputs(pipeline)
    whole = pipeline.unet(sample, timestep, context).sample
    calls: list[int] = []
    pipeline.unet.mid_block.register_forward_hook(lambda *_: calls.append(1))
    cached = CachedUNet(pipeline.unet, 3)
    outputs = [cached(sample, timestep, context).sample for _ in range(4)]
    assert len(calls) == 2  # in the first step and the fourth
    for output in outputs:
        torch.testing.assert_close(output, whole)
    cached(sample, timestep, context)
    other = cached(-sample, timestep, context).sample
    assert (other - whole).abs().max() > 1e-2  # what is new to the first layer is seen
    assert len(calls) == 2


@torch.no_grad()
def test_batches_have_their_own_features() -> None:
    unet = tiny_pipeline().unet
    sample, timestep, context = inputs(tiny_pipeline())
    first, second = CachedUNet(unet, 2), CachedUNet(unet, 2)
    whole = first(sample, timestep, context).sample
    second(-sample, timestep, context)
    torch.testing.assert_close(first(sample, timestep, context).sample, whole)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).random((IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


def views(pipeline: Zero123Pipeline, image: np.ndarray, azimuth: list[float] = AROUND,
          **options: object) -> Tensor:
    return pipeline(image, azimuth, 10.0, num_inference_steps=6, output_type="latent",
                    generator=torch.Generator().manual_seed(1), **options).images


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_view_depends_neither_on_its_companions_nor_on_the_batches(
        image: np.ndarray, guidance: float) -> None:
    pipeline = prepared()
    options = {"cache_interval": 3, "guidance_scale": guidance}
    together = views(pipeline, image, batch_size=2, **options)
    assert together.shape == (3, *LATENT)
    alone = views(pipeline, image, [180.0], **options)
    torch.testing.assert_close(together[2:], alone, atol=1e-5, rtol=1e-4)
    assert (together - views(pipeline, image, guidance_scale=guidance)).abs().max() > 1e-3


def test_memory_that_runs_out_between_whole_steps_changes_nothing(image: np.ndarray) -> None:
    pipeline = tiny_pipeline()
    expected = views(pipeline, image, cache_interval=2)
    device = SmallDevice(pipeline.unet.conv_in, 100, torch.OutOfMemoryError("out of memory"))

    def shrink(*_: object) -> None:
        device.rows = 4

    again = views(pipeline, image, cache_interval=2, batch_size=3, callback_on_step_end=shrink)
    torch.testing.assert_close(again, expected, atol=1e-5, rtol=1e-4)
    assert device.seen[:3] == [6, 6, 4]


def test_only_whole_evaluations_are_counted(image: np.ndarray) -> None:
    pipeline, rows = tiny_pipeline(), []
    pipeline.unet.mid_block.register_forward_pre_hook(
        lambda module, arguments: rows.append(len(arguments[0])))
    output = pipeline(image, AROUND, num_inference_steps=5, guidance_scale=2.0, cache_interval=2)
    assert rows == [6, 6, 6]
    assert output.unet_evaluations == sum(rows)


def test_an_interval_of_no_steps_is_bad_input(image: np.ndarray) -> None:
    with pytest.raises(EngineError) as error:
        tiny_pipeline()(image, cache_interval=0)
    assert error.value.code is ErrorCode.BAD_INPUT
