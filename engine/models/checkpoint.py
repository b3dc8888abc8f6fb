# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts original checkpoints (`.ckpt`, `.safetensors`) to the layout of `load_pipeline`."""

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
"""Width of every attention head of CLIP; the checkpoint does not contain their number."""
_STEPS = 3
"""Number of reported steps: read, write, list the written files."""
_SHOWN = 8
"""Maximum number of names of weights in an error message."""


def import_checkpoint(path: str | Path, config: str | Path | None = None, *, out: str | Path,
                      ema: bool = True, pose_encoding: PoseEncoding | None = None,
                      dtype: torch.dtype | None = None,
                      reporter: Reporter | None = None) -> Path:
    """Convert an original checkpoint, or a folder in diffusers layout that others have made, to
    the engine's layout and write it to the folder `out`.

    No code in the file is executed.

    Args:
        path: `.ckpt` or `.safetensors` with the original's names, whatever it is called; or a
            folder that `diffusers_folder` knows.
        config: the original's `.yaml`; None selects the values of the released models.
        out: this folder appears only when it is complete.
        ema: use the averaged weights of the UNet, with which the original samples, if the file
            contains them; otherwise the raw ones are used.
        pose_encoding: "zero123" or "stable"; None derives it from the file's name and size and
            falls back to "zero123" (`local.import_model` raises an error in that case).
        dtype: number format of the written weights, such as `torch.float16`; None keeps it.
        reporter: receives the progress.

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
    """Build a pipeline from an original's weights, which are shared, not copied.

    Raises:
        EngineError: `MODEL_INCOMPATIBLE` for weights that are missing, unexpected or misshapen.
    """
    try:
        clip_config = _clip_config(weights)
        context_dim, joined_dim = weights[f"{PROJECTION}weight"].shape
    except (KeyError, ValueError) as error:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"not a Zero123 checkpoint: {error} is missing or has a wrong shape",
                          "Zero123 models hold an image encoder and a cc_projection") from error
    try:
        with torch.device("meta"):  # shapes only; the checkpoint's tensors take their place
            unet = UNet2DConditionModel(**config.unet_kwargs())
            vae = AutoencoderKL(**config.vae_kwargs())
            image_encoder = CLIPVisionModelWithProjection(clip_config)
            projection = CCProjection(joined_dim - _POSE_DIM, _POSE_DIM, context_dim)
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"the configured network sizes are impossible: {error}",
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
    """The weights, with the UNet's raw weights replaced by their averages if the file has any.

    The name of an average is that of the raw weight without the dots. An average without a raw
    weight is kept among the UNet's weights, so that it is reported as unexpected.
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
    """Assign weights to a network on the meta device. Returns a description of each mismatch."""
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
            problems.append(f"{expected[name]} is {tuple(value.shape)} instead of "
                            f"{tuple(placeholder.shape)}")
        filled[name] = value
    if not problems:
        network.load_state_dict(filled, assign=True)
    return problems


def _reshaped(value: Tensor, name: str, shape: torch.Size) -> Tensor:
    """An original weight in the shape that the network's weight `name` has."""
    for third, projection in enumerate((".q_proj.", ".k_proj.", ".v_proj.")):
        if projection in name:
            return value.chunk(3)[third]
    if name == "visual_projection.weight":
        return value.mT
    if value.ndim == 4 and len(shape) == 2:  # a 1 x 1 convolution that became a linear layer
        return value.flatten(1)
    return value


def _clip_config(weights: StateDict) -> CLIPVisionConfig:
    """CLIP's configuration, derived from the shapes of its weights."""
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
    """Refuse to overwrite a model that this program has not written."""
    if (out / INDEX_FILE).exists() and (
            out.resolve() == path.resolve() or not (out / RECORD_FILE).exists()):
        raise EngineError(ErrorCode.BAD_INPUT, f"{out} holds a model that others have made",
                          "choose another folder")


def _check_space(folder: Path, pipeline: Zero123Pipeline, dtype: torch.dtype | None) -> None:
    """Check the free disk space before anything is written."""
    needed = sum(weight.numel() * stored_dtype(weight, dtype).itemsize
                 for network in networks_of(pipeline).values()
                 for weight in network.state_dict().values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EngineError(ErrorCode.DISK,
                          f"the model needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
                          "make room, choose another folder, or import as float16")
