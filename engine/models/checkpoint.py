# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Original checkpoints (`.ckpt`, `.safetensors`) to the layout that `load_pipeline` reads."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ..camera import PoseEncoding
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..core.staging import staged_folder
from ..diffusion import CCProjection, Zero123Pipeline
from .catalogue import INDEX_FILE
from .folder import RECORD_FILE, write_record
from .identity import evidence_of_file, pose_encoding_of
from .key_mapping import OriginalConfig, clip_name, unet_name, vae_name
from .loading import NETWORKS, how_to_say, read_pipeline
from .safe_unpickle import read_state_dict
from .stale_files import alone_at
from .weights import networks_of, save_pipeline, stored_dtype

StateDict = Mapping[str, Tensor]

UNET, EMA, VAE, CLIP, PROJECTION = (
    "model.diffusion_model.", "model_ema.", "first_stage_model.",
    "cond_stage_model.model.visual.", "cc_projection.")
_EMA_COUNTERS = ("decay", "num_updates")
_POSE_DIM = 4
_CLIP_HEAD_WIDTH = 64
"""CLIP's heads are all this wide; their number isn't in the checkpoint."""
_STEPS = 3
"""Read, write, list what was written."""
_SHOWN = 8
"""Names of weights in an error message."""


def import_checkpoint(path: str | Path, config: str | Path | None = None, *, out: str | Path,
                      ema: bool = True, pose_encoding: PoseEncoding | None = None,
                      dtype: torch.dtype | None = None,
                      reporter: Reporter | None = None) -> Path:
    """Write the model of an original checkpoint, or of a folder in diffusers layout that others
    have made, to the folder `out` in the engine's layout.

    Nothing in the file is executed.

    Args:
        path: `.ckpt` or `.safetensors` with the original's names, whatever it is called; or a
            folder that `diffusers_folder` knows.
        config: the original's `.yaml`; the released models' numbers where None.
        out: appears complete or not at all.
        ema: take the averaged weights of the UNet, which the original samples with, if the file
            holds any; else the raw ones.
        pose_encoding: "zero123" or "stable"; where None, what the file's name and size say, and
            "zero123" if they say nothing (`local.import_model` asks then).
        dtype: of the weights written, such as `torch.float16`; None leaves them as they are.
        reporter: told of the steps.

    Returns:
        The folder.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, `MODEL_INCOMPATIBLE` (naming the weights
            that are missing, unexpected or of another shape), `BAD_INPUT`, or `DISK`.
    """
    path, out, reporter = Path(path), Path(out), reporter or SilentReporter()
    reporter.progress("import", 0, _STEPS)
    _check_target(path, out)
    if path.is_dir():
        pipeline = read_pipeline(path, dict.fromkeys(NETWORKS), pose_encoding)
    else:
        settings = OriginalConfig() if config is None else OriginalConfig.from_yaml(Path(config))
        found = evidence_of_file(path)
        encoding = pose_encoding_of(found, pose_encoding or (None if found else "zero123"), path,
                                    how_to_say(path))
        pipeline = build_pipeline(read_state_dict(path), settings, ema=ema, pose_encoding=encoding)
    with alone_at(out), staged_folder(out) as stage:
        _check_space(stage, pipeline, dtype)
        try:
            save_pipeline(pipeline, stage, dtype, lambda: reporter.progress("import", 1, _STEPS))
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write the model to {out}: {error}",
                              "choose a folder on a disk with more space") from error
        reporter.progress("import", 2, _STEPS)
        write_record(stage, path.name)
    reporter.progress("import", _STEPS, _STEPS)
    return out


def build_pipeline(weights: StateDict, config: OriginalConfig, *, ema: bool = True,
                   pose_encoding: PoseEncoding = "zero123") -> Zero123Pipeline:
    """The pipeline that an original's weights make; they are shared, not copied.

    Raises:
        EngineError: `MODEL_INCOMPATIBLE` for weights that are missing, unexpected or misshapen.
    """
    try:
        clip_config = _clip_config(weights)
        context_dim, joined_dim = weights[f"{PROJECTION}weight"].shape
    except (KeyError, ValueError) as error:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"this is not a Zero123 checkpoint: {error} is missing or misshapen",
                          "Zero123 models hold an image encoder and a cc_projection") from error
    try:
        with torch.device("meta"):  # shapes only; the checkpoint's tensors take their place
            unet = UNet2DConditionModel(**config.unet_kwargs())
            vae = AutoencoderKL(**config.vae_kwargs())
            image_encoder = CLIPVisionModelWithProjection(clip_config)
            projection = CCProjection(joined_dim - _POSE_DIM, _POSE_DIM, context_dim)
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"no network can have the sizes given: {error}",
                          "give the .yaml that belongs to the checkpoint") from error
    problems = [
        *_fill(unet, lambda name: UNET + unet_name(name, config),
               _with_average(weights) if ema else weights, UNET),
        *_fill(vae, lambda name: VAE + vae_name(name, config), weights, VAE),
        *_fill(image_encoder, lambda name: CLIP + clip_name(name), weights, CLIP),
        *_fill(projection, lambda name: PROJECTION + name.removeprefix("projection."), weights,
               PROJECTION)]
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise EngineError(
            ErrorCode.MODEL_INCOMPATIBLE,
            f"the checkpoint doesn't fit: {', '.join(problems[:_SHOWN])}{more}",
            "give the .yaml that belongs to it, if it isn't one of the released models")
    return Zero123Pipeline(unet, vae, image_encoder, projection,
                           DDIMScheduler(**config.scheduler_kwargs()),
                           pose_encoding=pose_encoding)


def _with_average(weights: StateDict) -> StateDict:
    """The weights with the UNet's averaged ones in the place of the raw, if there are any.

    An average's name is the raw weight's without the dots. One that has no raw weight to belong
    to keeps its place among the UNet's, where it is reported as unexpected.
    """
    averages = {key.removeprefix(EMA): value for key, value in weights.items()
                if key.startswith(EMA) and key.removeprefix(EMA) not in _EMA_COUNTERS}
    if not averages:
        return weights
    raw_names = {key.removeprefix("model.").replace(".", ""): key
                 for key in weights if key.startswith(UNET)}
    others = {key: value for key, value in weights.items() if not key.startswith(UNET)}
    return others | {raw_names.get(name, f"{UNET}(average) {name}"): value
                     for name, value in averages.items()}


def _fill(network: nn.Module, original_name: Callable[[str], str], weights: StateDict,
          section: str) -> list[str]:
    """Give a network on the meta device its weights; returns what doesn't fit, in words."""
    expected = {name: original_name(name) for name in network.state_dict()}
    problems = [f"{key} is missing" for key in sorted(set(expected.values()) - set(weights))]
    problems += [f"{key} is unexpected" for key in sorted(
        key for key in weights if key.startswith(section) and key not in expected.values())]
    filled = {}
    for name, placeholder in network.state_dict().items():
        if expected[name] not in weights:
            continue
        value = _reshaped(weights[expected[name]], name, placeholder.shape)
        if value.shape != placeholder.shape:
            problems.append(f"{expected[name]} is {tuple(value.shape)} where "
                            f"{tuple(placeholder.shape)} belongs")
        filled[name] = value
    if not problems:
        network.load_state_dict(filled, assign=True)
    return problems


def _reshaped(value: Tensor, name: str, shape: torch.Size) -> Tensor:
    """An original weight in the form that the network `name` belongs to keeps it in."""
    for third, projection in enumerate((".q_proj.", ".k_proj.", ".v_proj.")):
        if projection in name:
            return value.chunk(3)[third]
    if name == "visual_projection.weight":
        return value.mT
    if value.ndim == 4 and len(shape) == 2:  # a 1 x 1 convolution that became a linear layer
        return value.flatten(1)
    return value


def _clip_config(weights: StateDict) -> CLIPVisionConfig:
    """CLIP's sizes, read from its weights' shapes."""
    width, _, patch, _ = weights[f"{CLIP}conv1.weight"].shape
    positions, _ = weights[f"{CLIP}positional_embedding"].shape
    inner, _ = weights[f"{CLIP}transformer.resblocks.0.mlp.c_fc.weight"].shape
    _, projection = weights[f"{CLIP}proj"].shape
    layers = {key.split(".")[5] for key in weights
              if key.startswith(f"{CLIP}transformer.resblocks.")}
    return CLIPVisionConfig(
        hidden_size=width, patch_size=patch, image_size=math.isqrt(positions - 1) * patch,
        intermediate_size=inner, projection_dim=projection, num_hidden_layers=len(layers),
        num_attention_heads=width // _CLIP_HEAD_WIDTH, hidden_act="quick_gelu")


def _check_target(path: Path, out: Path) -> None:
    """Refuse to write over a model that this program has not written."""
    if (out / INDEX_FILE).exists() and (
            out.resolve() == path.resolve() or not (out / RECORD_FILE).exists()):
        raise EngineError(ErrorCode.BAD_INPUT, f"{out} holds a model that others have made",
                          "choose another folder")


def _check_space(folder: Path, pipeline: Zero123Pipeline, dtype: torch.dtype | None) -> None:
    """Refuse before gigabytes are written rather than after."""
    needed = sum(weight.numel() * stored_dtype(weight, dtype).itemsize
                 for network in networks_of(pipeline).values()
                 for weight in network.state_dict().values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EngineError(ErrorCode.DISK,
                          f"the model takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
                          "make room, choose another folder, or import as float16")
