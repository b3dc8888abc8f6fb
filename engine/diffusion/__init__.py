# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 pipeline, its posed-CLIP conditioning, samplers and score guidance."""

from .conditioning import CCProjection, clip_pixel_values
from .guidance import ScoreDistillation, score_distillation
from .pipeline import Condition, Zero123Output, Zero123Pipeline
from .samplers import make_sampler

__all__ = [
    "CCProjection",
    "Condition",
    "ScoreDistillation",
    "Zero123Output",
    "Zero123Pipeline",
    "clip_pixel_values",
    "make_sampler",
    "score_distillation",
]
