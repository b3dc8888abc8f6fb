# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps the weights' names of diffusers' and transformers' networks to those in original files.

The original's UNet and autoencoder are those of latent diffusion (Rombach et al. 2022), its image
encoder is OpenAI's CLIP. A weight is found by the longest module prefix that has a counterpart; the
rest of its name is translated piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import EngineError, ErrorCode


@dataclass(frozen=True)
class OriginalConfig:
    """Settings that an original checkpoint does not contain. Defaults: the released models'."""

    image_size: int = 32
    """Side of the latent."""
    model_channels: int = 320
    channel_mult: Sequence[int] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    attention_resolutions: Sequence[int] = (4, 2, 1)
    """Downsampling factors at which the UNet has attention."""
    num_heads: int = 8
    transformer_depth: int = 1
    context_dim: int = 768
    vae: Mapping[str, Any] = field(default_factory=lambda: {
        "ch": 128, "ch_mult": (1, 2, 4, 4), "num_res_blocks": 2, "z_channels": 4,
        "resolution": 256})
    linear_start: float = 0.00085
    linear_end: float = 0.012
    timesteps: int = 1000
    scale_factor: float = 0.18215

    @classmethod
    def from_yaml(cls, path: Path) -> OriginalConfig:
        """The settings in an original's configuration file.

        Raises:
            EngineError: `BAD_INPUT` if it cannot be read; `MODEL_INCOMPATIBLE` if it describes
                another kind of model.
        """
        try:
            document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"{path} can't be read as a configuration",
                              "give the original's .yaml file, or leave it out") from error
        try:
            params = document["model"]["params"]
            unet = params["unet_config"]["params"]
            names = ("image_size", "model_channels", "channel_mult", "num_res_blocks",
                     "attention_resolutions", "num_heads", "transformer_depth", "context_dim")
            return cls(**{name: unet[name] for name in names},
                       vae=params["first_stage_config"]["params"]["ddconfig"],
                       linear_start=params["linear_start"], linear_end=params["linear_end"],
                       timesteps=params["timesteps"], scale_factor=params["scale_factor"])
        except (KeyError, TypeError) as error:
            raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                              f"{path} doesn't describe a Zero123 model ({error})",
                              "give the file that belongs to the checkpoint, or leave it out"
                              ) from error

    @property
    def attention_levels(self) -> list[bool]:
        """Whether each level of the UNet has attention, finest first."""
        return [2**level in self.attention_resolutions for level in range(len(self.channel_mult))]

    def unet_kwargs(self) -> dict[str, Any]:
        """Arguments of diffusers' `UNet2DConditionModel`."""
        down = ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in self.attention_levels]
        up = ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(self.attention_levels)]
        return {
            "sample_size": self.image_size, "in_channels": 8, "out_channels": 4,
            "block_out_channels": [self.model_channels * m for m in self.channel_mult],
            "layers_per_block": self.num_res_blocks,
            "down_block_types": down, "up_block_types": up,
            # diffusers' name for the number of heads, which it keeps for old configurations
            "attention_head_dim": self.num_heads,
            "transformer_layers_per_block": self.transformer_depth,
            "cross_attention_dim": self.context_dim}

    def vae_kwargs(self) -> dict[str, Any]:
        """Arguments of diffusers' `AutoencoderKL`."""
        levels = len(self.vae["ch_mult"])
        return {
            "block_out_channels": [self.vae["ch"] * m for m in self.vae["ch_mult"]],
            "layers_per_block": self.vae["num_res_blocks"],
            "latent_channels": self.vae["z_channels"], "sample_size": self.vae["resolution"],
            "down_block_types": ["DownEncoderBlock2D"] * levels,
            "up_block_types": ["UpDecoderBlock2D"] * levels,
            "scaling_factor": self.scale_factor}

    def scheduler_kwargs(self) -> dict[str, Any]:
        """Arguments of diffusers' `DDIMScheduler`."""
        return {"num_train_timesteps": self.timesteps, "beta_start": self.linear_start,
                "beta_end": self.linear_end, "beta_schedule": "scaled_linear",
                "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
                "timestep_spacing": "leading", "prediction_type": "epsilon"}


# Names inside a module: (diffusers', original).
_UNET_INNER = (
    ("time_emb_proj", "emb_layers.1"), ("conv_shortcut", "skip_connection"),
    ("norm1", "in_layers.0"), ("conv1", "in_layers.2"),
    ("norm2", "out_layers.0"), ("conv2", "out_layers.3"))
_VAE_INNER = (
    ("conv_shortcut", "nin_shortcut"), ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"),
    ("to_v", "v"), ("to_out.0", "proj_out"))
_CLIP_INNER = (
    ("self_attn", "attn"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
    ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"))


def unet_name(name: str, config: OriginalConfig) -> str:
    """The original's name of a weight of `UNet2DConditionModel`, without the section's prefix."""
    prefix, original, inner = _split(name, _unet_modules(config))
    if ".resnets." in prefix:  # the norms of a transformer have the same names in both
        inner = _translate(inner, _UNET_INNER)
    return original + inner


def vae_name(name: str, config: OriginalConfig) -> str:
    """The original's name of a weight of `AutoencoderKL`."""
    _, original, inner = _split(name, _vae_modules(config))
    return original + _translate(inner, _VAE_INNER)


def clip_name(name: str) -> str:
    """The original's name of a weight of `CLIPVisionModelWithProjection`.

    For q_proj, k_proj and v_proj it is the name of the joint in_proj; each is a third of it.
    """
    _, original, inner = _split(name, {
        "vision_model.embeddings.class_embedding": "class_embedding",
        "vision_model.embeddings.patch_embedding": "conv1",
        "vision_model.embeddings.position_embedding.weight": "positional_embedding",
        "vision_model.pre_layrnorm": "ln_pre",
        "vision_model.post_layernorm": "ln_post",
        "vision_model.encoder.layers": "transformer.resblocks",
        "visual_projection.weight": "proj"})
    for projection in ("q_proj.", "k_proj.", "v_proj."):
        inner = inner.replace(projection, "in_proj_")
    return original + _translate(inner, _CLIP_INNER)


def _unet_modules(config: OriginalConfig) -> dict[str, str]:
    """Module prefixes, diffusers' to original. The original numbers all blocks consecutively."""
    modules = {
        "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
        "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2"}
    attention = config.attention_levels
    last = len(attention) - 1
    number = 1
    for level in range(last + 1):
        for layer in range(config.num_res_blocks):
            modules[f"down_blocks.{level}.resnets.{layer}"] = f"input_blocks.{number}.0"
            modules[f"down_blocks.{level}.attentions.{layer}"] = f"input_blocks.{number}.1"
            number += 1
        modules[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{number}.0.op"
        number += 1
    number = 0
    for level in range(last + 1):
        for layer in range(config.num_res_blocks + 1):
            modules[f"up_blocks.{level}.resnets.{layer}"] = f"output_blocks.{number}.0"
            modules[f"up_blocks.{level}.attentions.{layer}"] = f"output_blocks.{number}.1"
            number += 1
        # The upsampler shares the number of its level's last layer and follows it.
        place = 2 if attention[last - level] else 1
        modules[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{number - 1}.{place}.conv"
    return modules


def _vae_modules(config: OriginalConfig) -> dict[str, str]:
    """Module prefixes, diffusers' to original. The original counts decoder levels backwards."""
    modules = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    levels = len(config.vae["ch_mult"])
    for half in ("encoder", "decoder"):
        modules |= {
            f"{half}.conv_in": f"{half}.conv_in", f"{half}.conv_out": f"{half}.conv_out",
            f"{half}.conv_norm_out": f"{half}.norm_out",
            f"{half}.mid_block.resnets.0": f"{half}.mid.block_1",
            f"{half}.mid_block.attentions.0": f"{half}.mid.attn_1",
            f"{half}.mid_block.resnets.1": f"{half}.mid.block_2"}
    for level in range(levels):
        modules |= {
            f"encoder.down_blocks.{level}.resnets": f"encoder.down.{level}.block",
            f"encoder.down_blocks.{level}.downsamplers.0": f"encoder.down.{level}.downsample",
            f"decoder.up_blocks.{level}.resnets": f"decoder.up.{levels - 1 - level}.block",
            f"decoder.up_blocks.{level}.upsamplers.0":
                f"decoder.up.{levels - 1 - level}.upsample"}
    return modules


def _split(name: str, modules: Mapping[str, str]) -> tuple[str, str, str]:
    """(prefix, its counterpart, rest with its leading dot) of a weight's name."""
    prefix = name
    while prefix not in modules:
        prefix = prefix.rpartition(".")[0]
        if not prefix:
            raise KeyError(name)
    return prefix, modules[prefix], name[len(prefix):]


def _translate(inner: str, pairs: Sequence[tuple[str, str]]) -> str:
    """`inner` with the pieces between its dots renamed."""
    dotted = f"{inner}."
    for ours, original in pairs:
        dotted = dotted.replace(f".{ours}.", f".{original}.")
    return dotted[:-1]
