# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of fewer evaluations: nano's images compared with those of 200 steps from the same
noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import Row

from engine.core.image_requests import SAMPLERS
from engine.diffusion import Zero123Output, Zero123Pipeline
from engine.imaging import load_input
from engine.models import load_pipeline

PICTURE = Path(__file__).resolve().parents[2] / "tools" / "demo" / "bottle.png"
REFERENCE = {"sampler": "dpm++", "num_inference_steps": 200}
FEW = (1, 2, 4, 8, 16)
MANY = (20, 27, 50)
"""Numbers of steps of dpm++ in addition to the low ones."""
GUIDANCE = 3.0
INTERVALS = ((0.0, 0.6), (0.0, 0.8), (0.2, 0.8), (0.2, 1.0), (0.4, 1.0))
AZIMUTHS = [45.0, 180.0]


class IntervalPipeline(Zero123Pipeline):
    """Applies guidance on an interval of the noise only (Kynkäänniemi et al. 2024)."""

    interval = (0.0, 1.0)
    """Shares of the training timesteps."""
    evaluations = 0
    """Batch items that the UNet evaluated."""

    def predict(self, latents, timesteps, contexts, condition, guidance_scale):
        share = timesteps / (self.scheduler.config.num_train_timesteps - 1)
        if not self.interval[0] <= share <= self.interval[1]:
            guidance_scale = 1.0
        self.evaluations += len(latents) * (1 if guidance_scale == 1 else 2)
        return super().predict(latents, timesteps, contexts, condition, guidance_scale)


def errors() -> Iterator[Row]:
    """RMS difference of pixels in [0, 1] to the reference with the same guidance everywhere."""
    picture = load_input(PICTURE, size=128).rgb
    pipeline = IntervalPipeline(**load_pipeline("nano", "cpu").components)
    pipeline.prepare_for_inference()
    pipeline.set_progress_bar_config(disable=True)

    def views(guidance: float, interval: tuple[float, float] = (0.0, 1.0),
              **options: Any) -> Zero123Output:
        pipeline.interval, pipeline.evaluations = interval, 0
        return pipeline(picture, AZIMUTHS, 20.0, guidance_scale=guidance, output_type="np",
                        generator=torch.Generator().manual_seed(0), **options)

    for guidance in (1.0, GUIDANCE):
        reference = views(guidance, **REFERENCE).images
        for name, options in settings(guidance):
            output = views(guidance, **options)
            error = float(np.sqrt(np.square(output.images - reference).mean()))
            yield {"what": f"guidance {guidance:g}, {name}",
                   "evaluations a view": pipeline.evaluations // len(AZIMUTHS),
                   "RMS error": error}


def settings(guidance: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and options of every cheaper way of sampling."""
    for sampler in SAMPLERS:
        for steps in FEW:
            yield f"{sampler}, {steps} steps", {"sampler": sampler, "num_inference_steps": steps}
    for steps in MANY:
        yield f"dpm++, {steps} steps", {"sampler": "dpm++", "num_inference_steps": steps}
    if guidance == 1:
        return
    for low, high in INTERVALS:
        yield (f"dpm++, {FEW[-1]} steps, guided from {low:g} to {high:g} of the noise",
               {"sampler": "dpm++", "num_inference_steps": FEW[-1], "interval": (low, high)})
