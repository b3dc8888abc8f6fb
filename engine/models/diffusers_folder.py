# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a model folder in diffusers layout, written by this project or by others.

Besides the engine's own folders, two conversions are supported:
- ashawkey's and bennyguo's: `Zero123Pipeline` with `clip_camera_projection`, a CLIPCameraProjection
  whose weights are `proj.weight` and `proj.bias`;
- kxic's, and what diffusers' `convert_zero123_to_diffusers.py` writes:
  `Zero1to3StableDiffusionPipeline` with `cc_projection`, weights `projection.*`, often `.bin`.

The folder's index cannot load code: every network is read into the class named here. All files
are checked before any weight is loaded, so that an incompatible folder takes no memory.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ..core.errors import EngineError, ErrorCode
from ..core.files import UNREADABLE_JSON, read_json_object
from ..diffusion import CCProjection
from .catalogue import INDEX_FILE
from .safe_unpickle import read_state_dict
from .weight_files import choose_weights

OWN_CLASS = "Zero123Pipeline"
PIPELINE_CLASSES = (OWN_CLASS, "Zero1to3StableDiffusionPipeline")
PROJECTIONS = ("cc_projection", "clip_camera_projection")
POSE_DIM = 4
"""Number of values of the relative pose, which the projection takes with the image embedding."""
IMAGE_CHANNELS = 3
PLAIN_CHANNELS = 4
"""Input channels of a UNet without an image beside the latent, and diffusers' default."""
BROKEN = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError,
          ArithmeticError, AssertionError, SafetensorError, StrictDataclassError)
"""Exceptions that the libraries raise for weights and settings that are damaged or do not match."""
MAX_TRAIN_STEPS = 100_000
_WRONG_BETAS = (0.02, 0.085)
"""The betas that diffusers' conversion script writes if the configuration states none."""
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
"""The schedule of the models' training (sd-objaverse-finetune-c_concat-256.yaml)."""
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names of the autoencoder's attention before diffusers 0.15."""
_POSITION_IDS = "embeddings.position_ids"
"""The numbers 0, 1, 2... that older versions of transformers stored among the weights."""
_SHOWN = 5
"""Maximum number of names of weights in an error message."""


def read_index(folder: Path) -> dict[str, Any]:
    """The folder's `model_index.json`.

    Raises:
        EngineError: `MODEL_DAMAGED` if it cannot be read, `MODEL_INCOMPATIBLE` if it belongs to
            another pipeline.
    """
    index = read_json(folder / INDEX_FILE)
    kind = index.get("_class_name")
    if kind not in PIPELINE_CLASSES:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"{folder} holds a {kind or 'something else'}, not a Zero123 pipeline",
                          "give a Zero123 model, or import the original checkpoint with "
                          "`models import`")
    return index


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises `MODEL_DAMAGED` if the file does not contain one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is not a JSON object")
    except UNREADABLE_JSON as error:
        raise damaged(path, error) from error
    return content


@dataclass(frozen=True)
class _Planned:
    """A network on the meta device, which takes no memory, and its memory-mapped weights."""

    network: nn.Module
    weights: Mapping[str, Tensor]

    @property
    def config(self) -> Any:
        """The network's settings."""
        return self.network.config

    def filled(self, dtype: torch.dtype | None) -> nn.Module:
        """The network with its weights. `dtype`: None keeps the stored number format."""
        values = {name: value.to(dtype) if dtype and value.is_floating_point() else value
                  for name, value in self.weights.items()}
        self.network.load_state_dict(values, assign=True)
        for module in self.network.modules():
            for name, buffer in module.named_buffers(recurse=False):
                if buffer.is_meta:  # the numbers 0, 1, 2... of the image encoder's patches
                    module.register_buffer(
                        name, torch.arange(buffer.numel(), dtype=buffer.dtype)
                        .reshape(buffer.shape), persistent=False)
        return self.network.eval()


def load_networks(folder: Path, dtypes: Mapping[str, torch.dtype | None]) -> dict[str, nn.Module]:
    """The networks `unet`, `vae`, `image_encoder` and `cc_projection` of a folder.

    `dtypes`: number format of each network; None keeps the stored one.

    Raises:
        EngineError: `MODEL_DAMAGED` if files or weights are missing or cannot be read,
            `MODEL_INCOMPATIBLE` if they are another model's.
    """
    projection = _check_components(folder)
    planned = {"cc_projection": _plan_projection(folder / projection)}
    context_dim, joined_dim = planned["cc_projection"].weights["projection.weight"].shape
    for name, plan in (("unet", _plan_unet), ("vae", _plan_vae),
                       ("image_encoder", _plan_image_encoder)):
        planned[name] = plan(folder / name)
    _check_sizes(folder, planned, context_dim, joined_dim - POSE_DIM)
    return {name: part.filled(dtypes[name]) for name, part in planned.items()}


def load_scheduler(folder: Path) -> DDIMScheduler:
    """The noise schedule of the saved scheduler, of any class: all classes share its settings.
    The betas of diffusers' conversion script are replaced by those of the models' training.
    """
    try:
        config = dict(DDIMScheduler.load_config(folder / "scheduler", local_files_only=True))
        if not 1 <= config.get("num_train_timesteps", 1000) <= MAX_TRAIN_STEPS:
            raise ValueError(f"num_train_timesteps must be from 1 to {MAX_TRAIN_STEPS}")
        if (config.get("beta_start"), config.get("beta_end")) == _WRONG_BETAS:
            config |= _BETAS
        return DDIMScheduler.from_config(config)
    except BROKEN as error:
        raise damaged(folder / "scheduler", error) from error


def damaged(path: Path, reason: object) -> EngineError:
    """The error for a model's file or folder that cannot be loaded."""
    first_line = str(reason).strip().partition("\n")[0][:500]
    return EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be loaded: {first_line}",
                       "fetch or import the model again")


def incompatible(path: Path, reason: str) -> EngineError:
    """The error for an intact network of another model."""
    return EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{path} {reason}",
                       "give a folder of a Zero123 model")


def _check_components(folder: Path) -> str:
    """Check that every network exists exactly once. Returns the name of the projection's folder."""
    projections = [name for name in PROJECTIONS if (folder / name).is_dir()]
    needed = ("unet", "vae", "image_encoder", "scheduler")
    lacking = [name for name in needed if not (folder / name).is_dir()]
    lacking += [PROJECTIONS[0]] * (not projections)
    if lacking:
        raise EngineError(ErrorCode.MODEL_DAMAGED,
                          f"{folder} is incomplete: {', '.join(lacking)} "
                          f"{'is' if len(lacking) == 1 else 'are'} missing",
                          "get the whole folder, or import the model again")
    if len(projections) > 1:
        raise incompatible(folder, f"holds two projections, {' and '.join(projections)}")
    others = sorted(path.parent.name for path in folder.glob("*/config.json")
                    if path.parent.name != "unet" and _class_of(path).startswith("UNet"))
    if others:
        raise incompatible(folder, f"holds two UNets, unet and {others[0]}: remove the one that "
                                   "should not be used")
    return projections[0]


def _class_of(config: Path) -> str:
    """The class that a network's configuration names; "" if it cannot be read."""
    return str(read_json_object(config).get("_class_name", ""))


def _plan_unet(folder: Path) -> _Planned:
    config = _config(folder, UNet2DConditionModel)
    channels = config.get("in_channels", PLAIN_CHANNELS)
    if channels != 2 * PLAIN_CHANNELS:
        raise incompatible(folder, f"takes {reprlib.repr(channels)} channels instead of "
                                   f"{2 * PLAIN_CHANNELS}: it belongs to another kind of model")
    if config.get("addition_embed_type") == "text_time":
        raise incompatible(folder, "is a UNet of Stable Diffusion XL")
    return _plan(folder, lambda: UNet2DConditionModel.from_config(config))


def _plan_vae(folder: Path) -> _Planned:
    config = _config(folder, AutoencoderKL)
    return _plan(folder, lambda: AutoencoderKL.from_config(config))


def _plan_image_encoder(folder: Path) -> _Planned:
    read_json(folder / "config.json")
    try:
        config = CLIPVisionConfig.from_pretrained(folder, local_files_only=True)
    except BROKEN as error:
        raise damaged(folder, error) from error
    return _plan(folder, lambda: CLIPVisionModelWithProjection(config))


def _plan_projection(folder: Path) -> _Planned:
    """The projection. Its weights define its sizes: configurations differ between publishers."""
    if (folder / "config.json").exists() or _is_own(folder):
        read_json(folder / "config.json")
    weights = {f"projection.{name.rpartition('.')[2]}": value
               for name, value in _read_weights(folder).items()}
    try:
        context_dim, joined_dim = weights["projection.weight"].shape
    except (LookupError, ValueError) as error:
        raise damaged(folder, f"weight is missing or has a wrong shape ({error})") from error
    if joined_dim <= POSE_DIM or not context_dim:
        raise incompatible(folder, f"has a weight of {context_dim} x {joined_dim}")
    return _compared(folder, lambda: CCProjection(joined_dim - POSE_DIM, POSE_DIM, context_dim),
                     weights)


def _is_own(folder: Path) -> bool:
    """Whether a projection's folder has the configuration that this project writes."""
    return folder.name == PROJECTIONS[0] and read_json(
        folder.parent / INDEX_FILE).get("_class_name") == OWN_CLASS


def _config(folder: Path, cls: type[Any]) -> dict[str, Any]:
    """The configuration of a network, which must be of this class."""
    config = read_json(folder / "config.json")
    kind = config.get("_class_name", cls.__name__)
    if kind != cls.__name__:
        raise incompatible(folder, f"is a {kind}, not a {cls.__name__}")
    return config


def _plan(folder: Path, make: Any) -> _Planned:
    return _compared(folder, make, _read_weights(folder))


def _read_weights(folder: Path) -> dict[str, Tensor]:
    """The memory-mapped weights in a network's folder, under their current names."""
    try:
        files = choose_weights(path.name for path in folder.iterdir() if path.is_file())
    except (OSError, ValueError) as error:
        raise damaged(folder, error) from error
    weights = {name: value for file in files
               for name, value in read_state_dict(folder / file).items()}
    return {_today(name): value for name, value in weights.items()
            if not name.endswith(_POSITION_IDS)}


def _today(name: str) -> str:
    """The name of a weight in the versions of the libraries that the engine uses."""
    for old, new in _OLD_ATTENTION.items():
        if f".attentions.0.{old}." in name:
            return name.replace(f".{old}.", f".{new}.")
    return name


def _compared(folder: Path, make: Any, weights: Mapping[str, Tensor]) -> _Planned:
    """A network by the folder's configuration, after checking that the weights match it exactly."""
    try:
        with torch.device("meta"):  # shapes only
            network = make()
        expected = network.state_dict()
    except BROKEN as error:
        raise damaged(folder, error) from error
    shaped = {name: value.flatten(1) if name in expected and value.ndim == 4
              and expected[name].ndim == 2 else value for name, value in weights.items()}
    missing = [f"missing {name}" for name in sorted(expected.keys() - shaped.keys())]
    unexpected = [f"unexpected {name}" for name in sorted(shaped.keys() - expected.keys())]
    problems = f"{len(missing) + len(unexpected)} weights: " + ", ".join(
        [*missing, *unexpected][:_SHOWN])
    if unexpected:
        raise incompatible(folder, f"does not fit its configuration: {problems}")
    misfits = [f"{name} is {tuple(value.shape)} instead of {tuple(expected[name].shape)}"
               for name, value in shaped.items()
               if name in expected and value.shape != expected[name].shape]
    if misfits:
        raise incompatible(folder, f"does not fit its configuration: {len(misfits)} weights, "
                           f"{', '.join(misfits[:_SHOWN])}")
    if missing:
        raise damaged(folder, problems)
    return _Planned(network, shaped)


def _check_sizes(folder: Path, planned: Mapping[str, _Planned], context_dim: int,
                 embedding_dim: int) -> None:
    """Refuse networks that are intact but do not belong to each other."""
    unet, vae, encoder = (planned[name].config for name in ("unet", "vae", "image_encoder"))
    for what, found, expected in (
            ("the UNet's context", unet.cross_attention_dim, context_dim),
            ("the image encoder's embedding", encoder.projection_dim, embedding_dim),
            ("the UNet's output", unet.out_channels, vae.latent_channels),
            ("the UNet's input", unet.in_channels, 2 * vae.latent_channels),
            ("the autoencoder's image", vae.in_channels, IMAGE_CHANNELS)):
        if found != expected:
            raise incompatible(folder, f"holds networks of different models: {what} has the size "
                                       f"{found} instead of {expected}")
