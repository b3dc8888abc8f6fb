# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 pipeline, its posed-CLIP conditioning, samplers and score guidance."""

from .conditioning import CCProjection, Condition, clip_pixel_values
from .guidance import Perturbation, ScoreDistillation, score_distillation, score_jacobian
from .output import Zero123Output
from .pipeline import Zero123Pipeline
from .samplers import make_sampler

__all__ = [
    "CCProjection",
    "Condition",
    "Perturbation",
    "ScoreDistillation",
    "Zero123Output",
    "Zero123Pipeline",
    "clip_pixel_values",
    "make_sampler",
    "score_distillation",
    "score_jacobian",
]
