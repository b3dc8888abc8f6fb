# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a Zero123 pipeline in the forms that callers ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from diffusers.utils import BaseOutput
from torch import Tensor

OUTPUT_TYPES = ("pil", "np", "pt", "latent")
"""See `Zero123Output.images`."""


@dataclass
class Zero123Output(BaseOutput):
    """Result of `Zero123Pipeline`."""

    images: list[PIL.Image.Image] | np.ndarray | Tensor
    """Views x samples, view-major. "np": (n, s, s, 3) float32 in [0, 1]; "pt": (n, 3, s, s);
    "latent": (n, 4, h, w), scaled, the sampler's result."""
    unet_evaluations: int
    """Number of batch items that the UNet evaluated; guidance counts twice."""


def to_output(images: Tensor, output_type: str) -> Any:
    """(n, c, h, w) in the form that `output_type` names."""
    if output_type in ("pt", "latent"):
        return images
    array = images.permute(0, 2, 3, 1).float().cpu().numpy()
    if output_type == "np":
        return array
    return [PIL.Image.fromarray((image * 255).round().astype(np.uint8)) for image in array]
