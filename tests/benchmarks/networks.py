# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One guided evaluation of the UNet, ours against stock diffusers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from timing import Row, compare
from torch import nn

from engine.diffusion import Condition, Zero123Pipeline
from engine.models import load_pipeline
from engine.models.key_mapping import OriginalConfig

FORMATS = ("float32", "bfloat16")


def evaluations() -> Iterator[Row]:
    """Evaluations of a UNet of the original's size with random weights, then of nano's."""
    original = OriginalConfig()
    sizes = original.unet_kwargs()
    stock = random_unet(sizes)
    for name in FORMATS:
        # diffusers' own `to` warns
        unet = nn.Module.to(random_unet(sizes), getattr(torch, name))
        yield evaluation(f"UNet of the original's size, {name}", stock, unet, original.context_dim)
        del unet  # before the next one comes
    stock = load_pipeline("nano", "cpu").unet
    for name in FORMATS:
        unet = load_pipeline("nano", "cpu", name).unet
        yield evaluation(f"nano's UNet, {name}", stock, unet, unet.config.cross_attention_dim)


@torch.no_grad()
def evaluation(what: str, stock: UNet2DConditionModel, unet: UNet2DConditionModel,
               context_dim: int) -> Row:
    """A batch of two, with and without the condition, for one view; both have the same weights.

    The reference is in float32.
    """
    pipeline = Zero123Pipeline(unet, None, None, None, DDIMScheduler())
    pipeline.prepare_for_inference()
    generator = torch.Generator().manual_seed(1)
    side = unet.config.sample_size
    latents, picture = torch.randn(2, 1, 4, side, side, generator=generator)
    context = torch.randn(1, 1, context_dim, generator=generator)
    condition = Condition(torch.zeros(1), picture)
    batch = torch.cat([torch.cat([latents, torch.zeros_like(picture)], 1),
                       torch.cat([latents, picture], 1)])
    contexts = torch.cat([torch.zeros_like(context), context])

    def reference() -> torch.Tensor:
        null, guided = stock(batch, 500, contexts, return_dict=False)[0].chunk(2)
        return null + 3 * (guided - null)

    def ours() -> torch.Tensor:
        return pipeline.predict(latents, 500, context, condition, 3.0)

    expected = reference()
    difference = float((ours() - expected).norm() / expected.norm())
    return {**compare(what, reference, ours), "relative difference": f"{difference:.1e}"}


def random_unet(sizes: dict[str, object]) -> UNet2DConditionModel:
    """Always the same random weights, with a standard deviation that preserves the size of
    values.
    """
    with torch.device("meta"):
        unet = UNet2DConditionModel(**sizes)
    unet = unet.to_empty(device="cpu").requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(0)
    for name, weight in unet.named_parameters():
        if weight.ndim > 1:
            weight.normal_(0, weight[0].numel() ** -0.5, generator=generator)
        else:
            weight.fill_(float("norm" in name and name.endswith("weight")))
    return unet
