# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pipeline prepared for inference gives the same results as stock diffusers with less work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.tiny_pipeline import IMAGE_SIZE, LATENT, ORIGINAL, ZERO_SNR, tiny_pipeline
from torch import Tensor, nn

from engine.diffusion import Perturbation, Zero123Pipeline, onednn_prepack, score_distillation
from engine.diffusion.onednn_prepack import prepack, prepack_works
from engine.models import load_pipeline
from engine.models.model_cache import model_cache

TOLERANCE = 1e-5
"""Relative tolerance for rounding."""

needs_prepack = pytest.mark.skipif(not prepack_works(),
                                   reason="oneDNN has no prepacked kernels here")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).random((IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


def tiny() -> Zero123Pipeline:
    return tiny_pipeline()


def nano() -> Zero123Pipeline:
    return load_pipeline("nano", "cpu")


def relative_difference(ours: Tensor, stock: Tensor) -> float:
    return float((ours - stock).norm() / stock.norm())


def prediction(pipeline: Zero123Pipeline, scale: float, rows: int = 3) -> Tensor:
    """The UNet's output for random latents, context tokens and an image."""
    generator = torch.Generator().manual_seed(0)
    side = pipeline.image_size
    condition = pipeline.encode_image(torch.rand(1, 3, side, side, generator=generator))
    contexts = pipeline.contexts(condition, torch.randn(rows, 4, generator=generator))
    side = pipeline.unet.config.sample_size
    latents = torch.randn(rows, 4, side, side, generator=generator)
    with torch.no_grad():
        return pipeline.predict(latents, 500, contexts, condition, scale)


@pytest.mark.parametrize("scale", [1.0, 3.0], ids=["without guidance", "with guidance"])
@pytest.mark.parametrize("make", [tiny, nano])
def test_predict_equals_stock_diffusers(make: Callable[[], Zero123Pipeline],
                                                  scale: float) -> None:
    pipeline = make()
    stock = prediction(pipeline, scale)
    pipeline.prepare_for_inference()
    assert relative_difference(prediction(pipeline, scale), stock) < TOLERANCE


@pytest.mark.parametrize("scheduler", [ORIGINAL, ZERO_SNR], ids=["epsilon", "zero terminal SNR"])
def test_pipeline_images_equal_stock_diffusers(scheduler: dict, picture: np.ndarray) -> None:
    def views(prepare: bool) -> np.ndarray:
        pipeline = tiny_pipeline(scheduler)
        if prepare:
            pipeline.prepare_for_inference()
        return pipeline(picture, [0.0, 90.0], 10.0, output_type="np",
                        generator=torch.Generator().manual_seed(0)).images

    np.testing.assert_allclose(views(True), views(False), atol=1e-4)


def test_score_distillation_equals_stock_diffusers(picture: np.ndarray) -> None:
    def gradient(prepare: bool) -> Tensor:
        pipeline = tiny_pipeline()
        if prepare:
            pipeline.prepare_for_inference()
        generator = torch.Generator().manual_seed(0)
        condition = pipeline.encode_image(pipeline.image_tensor(picture))
        contexts = pipeline.contexts(condition, torch.zeros(2, 4)).detach()
        rgb = torch.rand(2, IMAGE_SIZE, IMAGE_SIZE, 3, generator=generator, requires_grad=True)
        noise = torch.randn(2, 2, *LATENT, generator=generator)
        perturbation = Perturbation(torch.tensor([100, 800]), noise[0])
        distilled = score_distillation(pipeline, condition, rgb, contexts, perturbation, noise[1])
        return torch.autograd.grad(distilled.loss, rgb)[0]

    assert relative_difference(gradient(True), gradient(False)) < TOLERANCE


def test_cross_attention_of_one_token_skips_queries() -> None:
    pipeline = tiny_pipeline()
    pipeline.prepare_for_inference()
    calls = watch(pipeline.unet, "attn2.to_q", "attn2.to_k", "attn2.to_v", "attn1.to_q")
    prediction(pipeline, 1.0)
    assert calls and {name.split("transformer_blocks.0.")[1] for name in calls} == {
        "attn2.to_v", "attn1.to_q"}


def test_cross_attention_of_several_tokens_is_computed() -> None:
    pipeline = tiny_pipeline()
    generator = torch.Generator().manual_seed(0)
    latents, tokens = torch.randn(2, 8, 8, 8), torch.randn(2, 3, 16, generator=generator)
    with torch.no_grad():
        stock = pipeline.unet(latents, 500, tokens).sample
        pipeline.prepare_for_inference()
        assert relative_difference(pipeline.unet(latents, 500, tokens).sample, stock) < TOLERANCE


def test_save_memory_keeps_single_token_attention() -> None:
    pipeline = tiny_pipeline()
    stock = prediction(pipeline, 3.0)
    pipeline.prepare_for_inference()
    assert pipeline.max_batch_size(3.0) == tiny_pipeline().max_batch_size(3.0)
    assert pipeline.save_memory()
    assert pipeline.memory_fallbacks == ["attention is computed in slices"]
    calls = watch(pipeline.unet, "attn2.to_q")
    assert relative_difference(prediction(pipeline, 3.0), stock) < TOLERANCE
    assert not calls


def watch(network: nn.Module, *ends: str) -> list[str]:
    """Records the names of the watched submodules in the order of their calls."""
    calls: list[str] = []
    for name, module in network.named_modules():
        if name.endswith(ends):
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
    return calls


@needs_prepack
@pytest.mark.parametrize("layer", [
    nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(8, 12, 3, stride=2, padding=1),
    nn.Conv2d(8, 12, 3, bias=False), nn.Conv2d(8, 12, 3, padding=2, dilation=2),
    nn.Conv2d(8, 12, (1, 3), groups=4), nn.Conv2d(8, 12, 1), nn.Conv2d(8, 12, 1, bias=False),
    nn.Conv2d(8, 12, 1, stride=2), nn.Conv2d(8, 12, 3, padding="same"),
    nn.Conv2d(8, 12, 3, padding=1, padding_mode="reflect")], ids=str)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=str)
def test_prepack_keeps_every_convolution(layer: nn.Conv2d, memory: torch.memory_format) -> None:
    x = torch.randn(3, 8, 10, 10, generator=torch.Generator().manual_seed(0))
    network = nn.Sequential(layer)
    with torch.no_grad():
        stock = network(x)
        assert prepack(network)
        assert relative_difference(network(x.contiguous(memory_format=memory)), stock) < TOLERANCE


@needs_prepack
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 4, 5)], ids=str)
def test_prepack_keeps_every_linear_layer(shape: tuple[int, ...], bias: bool) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).transpose(0, -1)
    network = nn.Sequential(nn.Linear(x.shape[-1], 7, bias=bias))
    with torch.no_grad():
        stock = network(x)
        assert prepack(network)
        assert relative_difference(network(x), stock) < TOLERANCE


@needs_prepack
def test_prepack_frees_the_original_weights() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Conv2d(4, 4, 3)))
    assert prepack(network)
    assert all(weight.is_mkldnn for name, weight in network.named_parameters() if "weight" in name)


@needs_prepack
def test_prepack_refuses_gradients() -> None:
    network = nn.Sequential(nn.Linear(4, 4))
    prepack(network)
    with pytest.raises(RuntimeError, match="no gradient"):
        network(torch.zeros(1, 4, requires_grad=True))


def test_prepack_without_kernels_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not prepack(nn.Linear(4, 4, dtype=torch.float64))
    monkeypatch.setattr(onednn_prepack, "prepack_works", lambda: False)
    pipeline = tiny_pipeline()
    stock = prediction(pipeline, 3.0)
    pipeline.prepare_for_inference()
    assert not any(weight.is_mkldnn for weight in pipeline.unet.parameters())
    assert relative_difference(prediction(pipeline, 3.0), stock) < TOLERANCE


def test_model_cache_separates_number_formats(tiny_model: Path,
                                                            picture: np.ndarray) -> None:
    def views(dtype: str) -> np.ndarray:
        pipeline = model_cache.get(str(tiny_model), "cpu", dtype)
        assert pipeline.unet.dtype == getattr(torch, dtype)
        return pipeline(picture, [0.0, 90.0], 10.0, guidance_scale=3.0, output_type="np",
                        generator=torch.Generator().manual_seed(0)).images

    full, half = views("float32"), views("bfloat16")
    assert 0 < np.abs(half - full).max() < 0.05
    np.testing.assert_array_equal(views("float32"), full)
