# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Main memory of a reconstruction: estimated before it starts, measured after it ends."""

from __future__ import annotations

import sys

import psutil

from ..core.errors import EngineError, ErrorCode
from .photometric import RAY_STEP

FIXED = 450e6
"""Fixed part, bytes. Measured, as the constants below: the peak minus that of importing torch."""
PER_VOXEL = 120
"""Bytes per voxel: values, gradients and Adam's moments of four channels, and the hull's grids."""
PER_TEXEL = 30
"""Bytes per texel of the texture."""
PER_FACE = 500
"""Bytes per triangle."""
PER_HASHED = 2500
"""Bytes that the encoding of a hash grid keeps for the gradient of one point. Measured for 100,000
and 400,000 points (2,530 and 2,370)."""
DIFFERENTIATED = 0.35
"""Points of a ray at which the field is differentiated, as a share of the steps along the cube's
side. Measured for SDS: 0.28 to 0.30 in its first fog at resolutions 64, 96 and 128, 0.28 to 0.38
in a run of 100 steps."""
HASH_TABLES = 50e6
"""Bytes of the values, gradients and Adam's two moments of the hash tables."""
RESOLUTIONS = range(256, 31, -16)
"""Resolutions that the hint may suggest."""


def estimate(resolution: int, faces: int, texture_size: int, hashed_rays: int = 0) -> float:
    """Estimated peak in bytes; arguments as in `require_memory`."""
    hashed = 0.0
    if hashed_rays:
        hashed = HASH_TABLES + PER_HASHED * DIFFERENTIATED * hashed_rays * resolution / RAY_STEP
    return (FIXED + PER_VOXEL * resolution**3 + PER_TEXEL * texture_size**2 + PER_FACE * faces
            + hashed)


def require_memory(resolution: int, faces: int, texture_size: int, hashed_rays: int = 0,
                   available: float | None = None) -> None:
    """Check that a reconstruction fits into the free main memory.

    `resolution`: voxels along each side of the cube; `texture_size`: pixels; `hashed_rays`: rays
    rendered in one step if the field is a hash grid, else 0; `available`: free bytes, by default
    those of this machine.

    Raises:
        EngineError: `OUT_OF_MEMORY`; the hint names a resolution that fits, if one does.
    """
    available = psutil.virtual_memory().available if available is None else available
    needed = estimate(resolution, faces, texture_size, hashed_rays)
    if needed <= available:
        return
    fits = [value for value in RESOLUTIONS
            if value < resolution
            and estimate(value, faces, texture_size, hashed_rays) <= available]
    smaller = (f"use a resolution of {fits[0]}" if fits
               else "use a lower resolution, a smaller texture and fewer faces")
    if hashed_rays:
        smaller += ", or a voxel grid"
    raise EngineError(
        ErrorCode.OUT_OF_MEMORY,
        f"a resolution of {resolution} needs {needed / 1e9:.1f} GB, and "
        f"{available / 1e9:.1f} GB are free", f"{smaller}, or close other programs")


def peak_memory_mb() -> int:
    """Peak main memory of this process so far, in megabytes."""
    if sys.platform == "win32":
        peak = psutil.Process().memory_info().peak_wset
    else:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return round(peak / 1e6)
