# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the pipeline of a model from its name or folder."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any

import diffusers.utils.logging
import torch
import transformers.utils.logging
from transformers import PreTrainedModel

from ..camera import PoseEncoding
from ..diffusion import Zero123Pipeline
from .devices import AUTO, resolve_device, resolve_dtype
from .diffusers_folder import BROKEN, damaged, load_networks, load_scheduler, read_index
from .folder import check_links
from .identity import encoding_of_folder
from .installed_models import usable_folder

NETWORKS = ("unet", "vae", "image_encoder", "cc_projection")
MAX_LATENT_SIDE = 512
"""Largest accepted side of a latent; the images then have 4096 pixels."""
PREDICTIONS = ("epsilon", "v_prediction")
IN_FULL = ("vae", "cc_projection")
"""Networks that are always float32. The autoencoder's activations overflow float16 with some
weights (diffusers' `force_upcast`, its SDXL pipeline), and score methods differentiate through it;
the projection is tiny and processes the camera's angles."""
LIBRARIES = ("diffusers", "transformers")
"""Libraries of the components that a pipeline may have; folders with their own code are refused."""
OPTIONS = ("default_num_inference_steps", "default_guidance_scale")


def load_pipeline(model: str, device: str = AUTO, dtype: str = AUTO,
                  pose_encoding: PoseEncoding | None = None) -> Zero123Pipeline:
    """The pipeline of a model in the catalogue or in the models folder, of a folder in diffusers
    layout, or of a repository in the Hugging Face cache.

    Weights are read only from inside the folder, only into the classes named in
    `diffusers_folder`, whatever the folder's index requests, and pickles only as data, so that a
    model of unknown origin cannot run code.

    Args:
        model: name, repository or path, such as "nano" or "ashawkey/zero123-xl-diffusers".
        device: "auto", "cpu", "cuda" or "mps".
        dtype: number format of the UNet and the image encoder, as for `resolve_dtype`; the other
            networks are float32 (see `IN_FULL`).
        pose_encoding: for a folder that states none; None decides by evidence.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, `MODEL_INCOMPATIBLE`, `BAD_INPUT` if the
            licence was not accepted or the pose encoding cannot be determined, or `ENVIRONMENT`
            if the device does not exist.
    """
    target = resolve_device(device)
    chosen = resolve_dtype(dtype, target)
    folder = usable_folder(model, pose_encoding)
    pipeline = read_pipeline(folder, {
        name: torch.float32 if name in IN_FULL else chosen for name in NETWORKS}, pose_encoding)
    # Already on the CPU: `to` would warn about float16 there, although torch supports it.
    return pipeline if target.type == "cpu" else pipeline.to(target)


def read_pipeline(folder: Path, dtypes: dict[str, torch.dtype | None],
                  pose_encoding: PoseEncoding | None = None) -> Zero123Pipeline:
    """The pipeline of a folder, on the CPU.

    Args:
        dtypes: number format of each of `NETWORKS`; None keeps the stored one.
        pose_encoding: for a folder that states none; None decides by evidence.

    Raises:
        EngineError: as `load_pipeline`, except for the device.
    """
    check_links(folder)
    index = read_index(folder)
    encoding = encoding_of_folder(folder, index, pose_encoding, how_to_say(folder))
    # Reading takes about a second; progress bars of the libraries would only clutter the log.
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    components: dict[str, Any] = load_networks(folder, dtypes)
    pipeline = Zero123Pipeline(
        **components, scheduler=load_scheduler(folder), pose_encoding=encoding,
        **{key: index[key] for key in OPTIONS if key in index})
    _check_settings(folder, pipeline)
    return pipeline


def how_to_say(source: Path) -> str:
    """The hint for a model whose pose encoding cannot be determined."""
    return (f"say which: `models import {source} --pose-encoding zero123` for Zero-1-to-3 and "
            "Zero123-XL, `--pose-encoding stable` for Stable Zero123; for a folder, it can also "
            "be stated in each job")


def load_network(folder: Path, cls: type[Any], dtype: torch.dtype = torch.float32,
                 variant: str | None = None) -> torch.nn.Module:
    """Load a network into a class of diffusers or transformers; missing weights are an error.

    Only safetensors are read. `variant`: such as "fp16"; None for the files without one.

    Raises:
        EngineError: `MODEL_DAMAGED` if files or weights are missing, or do not fit the class.
    """
    # transformers and diffusers name the same argument differently.
    named = {"dtype" if issubclass(cls, PreTrainedModel) else "torch_dtype": dtype}
    try:
        network, report = cls.from_pretrained(
            folder, **named, variant=variant, use_safetensors=True, local_files_only=True,
            output_loading_info=True)
    except BROKEN as error:
        raise damaged(folder, error) from error
    # Both libraries only warn about missing weights and continue with random ones.
    problems = [f"{kind.removesuffix('_keys')} {key}"
                for kind in ("missing_keys", "mismatched_keys", "unexpected_keys")
                for key in sorted(map(str, report[kind]))]
    if problems:
        raise damaged(folder, f"{len(problems)} weights: {', '.join(problems[:5])}")
    return network.eval()


def _check_settings(folder: Path, pipeline: Zero123Pipeline) -> None:
    """Refuse settings with which a job would fail late or never end."""
    settings = (
        ("default_num_inference_steps", pipeline.config.default_num_inference_steps, int, 1, 1000),
        ("default_guidance_scale", pipeline.config.default_guidance_scale, float, 0, 100),
        ("sample_size of the UNet", pipeline.unet.config.sample_size, int, 1, MAX_LATENT_SIDE),
        ("scaling_factor of the VAE", pipeline.vae.config.scaling_factor, float, 1e-6, 1e6))
    for name, value, kind, low, high in settings:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind is float and isinstance(value, float))) or not low <= value <= high:
            raise damaged(folder, f"{name} can't be {reprlib.repr(value)}")
    if pipeline.scheduler.config.prediction_type not in PREDICTIONS:
        raise damaged(folder, f"the scheduler's prediction_type is not one of {PREDICTIONS}")
