# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete text-to-image pipelines with random weights, as folders in diffusers layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

SIDE = 32
WIDTH = 16
END = "<|endoftext|>"
LETTERS = "abcdefghijklmnopqrstuvwxyz,"


def save_tiny_text_pipeline(folder: Path, xl: bool = False) -> Path:
    """Images of 32 x 32; always the same weights. Returns the model's folder, in `folder`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipeline = _xl(folder) if xl else _plain(folder)
    model = folder / "model"
    pipeline.save_pretrained(model)
    return model


def _plain(folder: Path) -> DiffusionPipeline:
    return StableDiffusionPipeline(
        vae=_vae(), text_encoder=CLIPTextModel(_text_config()).eval(),
        tokenizer=_tokenizer(folder / "vocabulary"), unet=_unet(WIDTH), scheduler=_scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def _xl(folder: Path) -> DiffusionPipeline:
    """Two text encoders, and the picture's size added to the time embedding, as SDXL has them."""
    tokenizer = _tokenizer(folder / "vocabulary")
    unet = _unet(2 * WIDTH, addition_embed_type="text_time", addition_time_embed_dim=4,
                 transformer_layers_per_block=1, use_linear_projection=True,
                 projection_class_embeddings_input_dim=6 * 4 + WIDTH)
    return StableDiffusionXLPipeline(
        vae=_vae(), text_encoder=CLIPTextModel(_text_config()).eval(),
        text_encoder_2=CLIPTextModelWithProjection(_text_config()).eval(), tokenizer=tokenizer,
        tokenizer_2=tokenizer, unet=unet, scheduler=_scheduler(), add_watermarker=False)


def _unet(context: int, **options: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIDE // 2, in_channels=4, out_channels=4, block_out_channels=(16, 16),
        layers_per_block=1, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=context,
        attention_head_dim=2, norm_num_groups=4, **options).eval()


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        sample_size=SIDE, block_out_channels=(8, 8), norm_num_groups=4, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2).eval()


def _scheduler() -> DDIMScheduler:
    return DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                         clip_sample=False, set_alpha_to_one=False, steps_offset=1)


def _text_config() -> CLIPTextConfig:
    end = 2 * len(LETTERS) + 1
    return CLIPTextConfig(
        vocab_size=end + 1, hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, projection_dim=WIDTH, max_position_embeddings=77,
        bos_token_id=end - 1, eos_token_id=end, pad_token_id=end)


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """A vocabulary of single letters, inside a word and at its end."""
    folder.mkdir(parents=True)
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", END]
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"),
                         model_max_length=77, unk_token=END, pad_token=END)
