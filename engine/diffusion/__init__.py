# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 pipeline, its posed-CLIP conditioning, samplers and score guidance.

diffusers takes seconds to import. It is imported when one of these names is first used, so that
modules which need only torch, as `cuda_graphs` and `memory_fallbacks`, import quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = {
    "conditioning": ("CCProjection", "Condition", "clip_pixel_values"),
    "guidance": ("Perturbation", "ScoreDistillation", "score_distillation", "score_jacobian"),
    "output": ("Zero123Output",),
    "pipeline": ("Zero123Pipeline",),
    "samplers": ("make_sampler",),
}
"""The modules of the names above."""


def __getattr__(name: str) -> Any:
    """Import a name's module when the name is first used."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
