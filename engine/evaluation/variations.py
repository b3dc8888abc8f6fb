# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image Variations as a baseline, as in the paper: Stable Diffusion conditioned on a picture in
place of a text. It knows the object and nothing of cameras.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import diffusers.utils.logging
import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionImageVariationPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from safetensors import SafetensorError
from transformers import CLIPVisionModelWithProjection

from ..models.catalogue import INDEX_FILE
from ..models.folder import check_links
from ..models.loading import damaged, load_network
from ..protocol import EngineError, ErrorCode
from ..text_to_image import LIBRARIES
from .views import Predictor

NETWORKS: dict[str, Any] = {"unet": UNet2DConditionModel, "vae": AutoencoderKL,
                            "image_encoder": CLIPVisionModelWithProjection}
PIPELINE = StableDiffusionImageVariationPipeline.__name__
STEPS = 50
"""The pipeline's default."""
GUIDANCE = 3.0
"""As the model's authors use it."""


def image_variations(folder: Path, *, seed: int, steps: int = STEPS) -> Predictor:
    """A predictor that shows another variation of the input for every target view.

    `folder`: a model in diffusers layout (lambdalabs/sd-image-variations-diffusers). Only
    safetensors are read, only into classes of diffusers and transformers; nothing is downloaded.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, or `MODEL_INCOMPATIBLE` if it is another
            pipeline or brings its own code.
    """
    pipeline = _load(folder)

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(np.rint(image * 255).astype(np.uint8))
        generator = torch.Generator().manual_seed(seed)
        views = [pipeline(picture, num_inference_steps=steps, guidance_scale=GUIDANCE,
                          generator=generator, output_type="np").images[0] for _ in targets]
        size = image.shape[:2]
        return np.stack([cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in views])

    return predict


def _load(folder: Path) -> StableDiffusionImageVariationPipeline:
    index = folder / INDEX_FILE
    if not index.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no model in {folder}",
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
        # The checker blackens pictures; a benchmark's are known.
        pipeline = StableDiffusionImageVariationPipeline.from_pretrained(
            folder, **networks, safety_checker=None, requires_safety_checker=False,
            use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError,
            SafetensorError) as error:
        raise damaged(folder, error) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
