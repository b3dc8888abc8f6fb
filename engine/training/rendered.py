# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered views of an object, however they are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RenderedObject:
    """All views of one object."""

    name: str
    rgba: np.ndarray
    """V x S x S x 4 uint8, straight alpha."""
    pose: np.ndarray
    """V x 3 float32: azimuth and elevation in degrees, radius in scene units."""
    info: dict
    """The sample's JSON: source, licence, field of view."""
