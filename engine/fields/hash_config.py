# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Size of a multi-resolution hash grid (Müller et al. 2022, table 1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HashGridConfig:
    """The paper's symbols are given in brackets."""

    levels: int = 10
    """Number of resolutions (L)."""
    features: int = 2
    """Features of a table entry (F)."""
    log2_entries: int = 17
    """Binary logarithm of the largest number of entries in a level's table (log2 T)."""
    coarsest: int = 16
    """Resolution of the first level, cells along an axis (N_min)."""
    finest: int = 256
    """Resolution of the last level (N_max)."""

    @property
    def growth(self) -> float:
        """Ratio of the resolutions of consecutive levels (b, equation 3)."""
        return (self.finest / self.coarsest) ** (1 / max(self.levels - 1, 1))


THREESTUDIO = HashGridConfig(levels=16, log2_entries=19, finest=4096)
"""configs/zero123.yaml and stable-zero123.yaml: growth 1.4473. Only a GPU is fast enough for it."""
