# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a photo and views with cameras to a textured mesh."""

from .reconstruct import (
    Reconstruction,
    preview_directly,
    reconstruct,
    reconstruct_by_score,
    reconstruct_directly,
)
from .settings import ReconstructionSettings, RunContext

__all__ = ["Reconstruction", "ReconstructionSettings", "RunContext", "preview_directly",
           "reconstruct", "reconstruct_by_score", "reconstruct_directly"]
