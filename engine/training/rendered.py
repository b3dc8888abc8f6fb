# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendered views of an object, independent of how they are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RenderedObject:
    """All views of one object."""

    name: str
    rgba: np.ndarray
    """(v, s, s, 4) uint8, straight alpha."""
    pose: np.ndarray
    """(v, 3) float32: azimuth and elevation in degrees, radius in scene units."""
    info: dict
    """The metadata of the sample: source, licence, field of view."""
