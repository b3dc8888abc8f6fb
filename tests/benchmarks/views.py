# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks of sampling views with nano."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from timing import Row, compare

from engine.models.model_cache import model_cache


def batching() -> Iterator[Row]:
    """Eight views of one image: in one call, compared with one call each."""
    pipeline = model_cache.get("nano", "cpu")
    picture = np.ones((128, 128, 3), np.float32)
    picture[32:96, 40:88] = (0.8, 0.2, 0.1)
    azimuths = [45.0 * i for i in range(8)]

    def sample(some: list[float]) -> None:
        pipeline(picture, azimuth=some, elevation=[0.0], radius=[1.85], num_inference_steps=4,
                 guidance_scale=1.0, output_type="np", generator=torch.Generator().manual_seed(0))

    yield compare("eight views: one batch against one by one",
                  lambda: [sample([azimuth]) for azimuth in azimuths], lambda: sample(azimuths))
