# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the engine's tests: a picture, and a model that is complete, tiny and untrained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine.transport.client import EngineClient
from helpers.boundary import LONG_JOB_SERVER, PATIENCE_S


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with every component, 32 pixels, random weights, 3 steps by default."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    from engine.diffusion import CCProjection, Zero123Pipeline

    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipeline = Zero123Pipeline(
            unet=UNet2DConditionModel(
                sample_size=16, in_channels=8, out_channels=4, layers_per_block=1,
                norm_num_groups=8, block_out_channels=(16, 32), cross_attention_dim=32,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=2),
            vae=AutoencoderKL(
                sample_size=32, latent_channels=4, norm_num_groups=8, block_out_channels=(8, 16),
                down_block_types=("DownEncoderBlock2D",) * 2,
                up_block_types=("UpDecoderBlock2D",) * 2),
            image_encoder=CLIPVisionModelWithProjection(CLIPVisionConfig(
                image_size=32, patch_size=16, hidden_size=32, intermediate_size=64,
                num_hidden_layers=1, num_attention_heads=2, projection_dim=32)),
            cc_projection=CCProjection(32, 4, 32),
            scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False),
            default_num_inference_steps=3)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A square cut-out: a red ball on nothing."""
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((14, 14, 50, 50), fill=(210, 40, 30, 255))
    path = tmp_path / "ball.png"
    image.save(path)
    return path


@pytest.fixture
def client() -> Iterator[EngineClient]:
    """A client of the real server with the test's kinds of jobs."""
    with EngineClient(LONG_JOB_SERVER) as client:
        client.wait_ready(PATIENCE_S)
        client.poll()
        yield client
