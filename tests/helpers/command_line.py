# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the tests of the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from engine.camera import FOV_DEG, two_ring_orbit
from engine.cli.main import main
from engine.imaging.view_set import ViewSet

PATIENCE_S = 300.0
"""Time limit for a whole run, with the import of torch, on a busy machine, seconds."""


def engine(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m engine` as a user does."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=PATIENCE_S,
        check=False, **options)


def run(*arguments: object) -> int:
    """Run it inside this process, which has already loaded torch."""
    return main([str(argument) for argument in arguments])


def names(folder: Path) -> list[str]:
    """All files and folders below a folder, including hidden ones."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def ball_views(size: int = 48, count: int = 8) -> ViewSet:
    """Views of a red unit ball from all sides."""
    azimuth, elevation = np.array(two_ring_orbit(count)).T
    radius = 1.85
    silhouette = np.tan(np.arcsin(0.5 / radius)) / np.tan(np.radians(FOV_DEG) / 2)
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    inside = np.hypot(*np.meshgrid(grid, grid)) < silhouette
    image = np.zeros((size, size, 4), np.float32)
    image[inside] = (0.8, 0.2, 0.1, 1.0)
    return ViewSet(images=np.stack([image] * count), azimuth_deg=azimuth, elevation_deg=elevation,
                   radius=np.full(count, radius), sample=np.zeros(count, int))
