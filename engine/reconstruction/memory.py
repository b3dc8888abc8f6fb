# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much main memory a reconstruction takes: estimated before it starts, measured after."""

from __future__ import annotations

import sys

import psutil

from ..protocol import EngineError, ErrorCode

FIXED = 450e6
"""Bytes, as measured like those below (peak less what a loaded torch takes anyway)."""
PER_VOXEL = 120
"""Values, gradients and Adam's two moments of four channels, and the hull's grids."""
PER_TEXEL = 30
PER_FACE = 500
RESOLUTIONS = range(256, 31, -16)
"""From which the next best is offered."""


def estimate(resolution: int, faces: int, texture_size: int) -> float:
    """Bytes."""
    return FIXED + PER_VOXEL * resolution**3 + PER_TEXEL * texture_size**2 + PER_FACE * faces


def require_memory(resolution: int, faces: int, texture_size: int,
                   available: float | None = None) -> None:
    """Refuse what the free main memory (`available` bytes; default: asked for) can't hold.

    Raises:
        EngineError: `OUT_OF_MEMORY`; the hint names a resolution that fits, if one does.
    """
    available = psutil.virtual_memory().available if available is None else available
    needed = estimate(resolution, faces, texture_size)
    if needed <= available:
        return
    fits = [value for value in RESOLUTIONS
            if value < resolution and estimate(value, faces, texture_size) <= available]
    smaller = (f"use a resolution of {fits[0]}" if fits
               else "use a lower resolution, a smaller texture and fewer faces")
    raise EngineError(
        ErrorCode.OUT_OF_MEMORY,
        f"a resolution of {resolution} needs {needed / 1e9:.1f} GB, and "
        f"{available / 1e9:.1f} GB are free", f"{smaller}, or close other programs")


def peak_memory_mb() -> int:
    """The most that this process has had in main memory so far."""
    if sys.platform == "win32":
        peak = psutil.Process().memory_info().peak_wset
    else:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return round(peak / 1e6)
