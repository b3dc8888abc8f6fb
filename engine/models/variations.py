# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads Image Variations: Stable Diffusion conditioned on an image instead of a text, without
camera poses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers.utils.logging
import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionImageVariationPipeline,
    UNet2DConditionModel,
)
from safetensors import SafetensorError
from transformers import CLIPVisionModelWithProjection

from ..core.errors import EngineError, ErrorCode
from ..core.files import read_json_object
from ..diffusion import Zero123Pipeline
from ..diffusion.image_variation_adapter import UnposedPipeline
from .catalogue import INDEX_FILE
from .diffusers_folder import damaged
from .folder import check_links, named_folder
from .loading import AUTO, LIBRARIES, load_network, load_pipeline, resolve_device

NETWORKS: dict[str, Any] = {"unet": UNet2DConditionModel, "vae": AutoencoderKL,
                            "image_encoder": CLIPVisionModelWithProjection}
PIPELINE = StableDiffusionImageVariationPipeline.__name__
GUIDANCE = 3.0
"""Scale of classifier-free guidance, as the model's authors use it."""


def load_any(model: str, device: str = AUTO, dtype: str = AUTO) -> Zero123Pipeline:
    """As `load_pipeline`; a folder of Image Variations gives an `UnposedPipeline` in float32."""
    folder = named_folder(model)
    if not _is_variations(folder):
        return load_pipeline(model, device, dtype)
    loaded = load_variations(folder)
    pipeline = UnposedPipeline(loaded.unet, loaded.vae, loaded.image_encoder, None,
                                loaded.scheduler, default_guidance_scale=GUIDANCE)
    return pipeline.to(resolve_device(device))


def _is_variations(folder: Path) -> bool:
    return read_json_object(folder / INDEX_FILE).get("_class_name") == PIPELINE


def load_variations(folder: Path) -> StableDiffusionImageVariationPipeline:
    """The pipeline of a folder in diffusers layout. Only safetensors are read, and only into
    classes of diffusers and transformers; nothing is downloaded.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, or `MODEL_INCOMPATIBLE` if it is another
            pipeline or contains code.
    """
    index = folder / INDEX_FILE
    if not index.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"{folder} contains no model",
                          "give a folder of Image Variations in diffusers layout")
    check_links(folder)
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        kind = content["_class_name"]
        foreign = [name for name, entry in content.items() if isinstance(entry, list)
                   and name != "safety_checker" and entry[0] not in (*LIBRARIES, None)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(index, error) from error
    if kind != PIPELINE or foreign:
        reason = f"brings its own {foreign[0]}" if foreign else f"holds a {kind}"
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{folder} {reason}",
                          f"give a folder of a {PIPELINE}")
    diffusers.utils.logging.disable_progress_bar()
    networks = {name: load_network(folder / name, cls, torch.float32)
                for name, cls in NETWORKS.items()}
    try:
        # The safety checker blackens images; the content of the benchmarks' images is known.
        pipeline = StableDiffusionImageVariationPipeline.from_pretrained(
            folder, **networks, safety_checker=None, requires_safety_checker=False,
            use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError,
            SafetensorError) as error:
        raise damaged(folder, error) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
