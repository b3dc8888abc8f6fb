# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 pipeline, its posed-CLIP conditioning, samplers and score guidance."""

from .conditioning import CCProjection, clip_pixel_values
from .pipeline import Zero123Output, Zero123Pipeline

__all__ = ["CCProjection", "Zero123Output", "Zero123Pipeline", "clip_pixel_values"]
