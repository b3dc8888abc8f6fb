# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fewer evaluations cost: nano's pictures against those of 200 steps from the same noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import Row

from engine.imaging import load_input
from engine.loaded_model import loaded_model
from engine.requests import SAMPLERS

PICTURE = Path(__file__).resolve().parents[1] / "demo" / "bottle.png"
REFERENCE = {"steps": 200, "sampler": "dpm++"}
FEW = (1, 2, 4, 8, 16)
GUIDANCE = 3.0
INTERVALS = ((0.0, 0.6), (0.0, 0.8), (0.2, 0.8), (0.2, 1.0), (0.4, 1.0))
AZIMUTHS = [45.0, 180.0]


def errors() -> Iterator[Row]:
    """RMS difference of pixels in [0, 1] to the reference with the same guidance."""
    picture = load_input(PICTURE, size=128).rgb
    pipeline = loaded_model.get("nano", "cpu")

    def views(guidance: float, steps: int, sampler: str, **options: Any) -> Any:
        return pipeline(picture, AZIMUTHS, 20.0, num_inference_steps=steps, sampler=sampler,
                        guidance_scale=guidance, output_type="np",
                        generator=torch.Generator().manual_seed(0), **options)

    for guidance in (1.0, GUIDANCE):
        reference = views(guidance, **REFERENCE).images
        for name, options in settings(guidance):
            output = views(guidance, **options)
            error = float(np.sqrt(np.square(output.images - reference).mean()))
            yield {"what": f"guidance {guidance:g}, {name}",
                   "evaluations a view": output.unet_evaluations // len(AZIMUTHS),
                   "RMS error": error}


def settings(guidance: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and options of every way to sample with less work."""
    for sampler in SAMPLERS:
        for steps in FEW:
            yield f"{sampler}, {steps} steps", {"sampler": sampler, "steps": steps}
    if guidance == 1:
        return
    for low, high in INTERVALS:
        yield (f"dpm++, {FEW[-1]} steps, guided from {low:g} to {high:g} of the noise",
               {"sampler": "dpm++", "steps": FEW[-1], "guidance_interval": (low, high)})
