# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's baseline Image Variations: Stable Diffusion conditioned on an image instead of a
text.

It knows the object but no camera poses.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from ..models.variations import GUIDANCE, load_variations
from .views import Predictor

STEPS = 50
"""Denoising steps: the pipeline's default."""


def image_variations(folder: Path, *, seed: int, steps: int = STEPS) -> Predictor:
    """Predicts another variation of the input for every target view.

    Args:
        folder: a model in diffusers layout (lambdalabs/sd-image-variations-diffusers). Only
            safetensors are read, into classes of diffusers and transformers.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, or `MODEL_INCOMPATIBLE` if it is another
            pipeline or contains code.
    """
    pipeline = load_variations(folder)

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        rgb = Image.fromarray(np.rint(image * 255).astype(np.uint8))
        generator = torch.Generator().manual_seed(seed)
        views = [pipeline(rgb, num_inference_steps=steps, guidance_scale=GUIDANCE,
                          generator=generator, output_type="np").images[0] for _ in targets]
        size = image.shape[:2]
        return np.stack([cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in views])

    return predict
