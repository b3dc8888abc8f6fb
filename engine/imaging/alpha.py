# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images with opacity. Inside the engine, colours are premultiplied by alpha; files store them
unmultiplied (straight alpha).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
PremultipliedRGBA = npt.NDArray[np.float32]
"""... x 4 float32 in [0, 1], sRGB, colours multiplied by alpha: composited on black."""
StraightRGBA = npt.NDArray[np.float32]
"""... x 4 float32 in [0, 1], sRGB, colours of the object alone: only for files."""
RGBA8 = npt.NDArray[np.uint8]
"""... x 4 uint8, sRGB, straight alpha, as stored in files."""


def premultiplied(rgba: FloatArray) -> PremultipliedRGBA:
    """Convert straight alpha, ... x 4 in [0, 1], to premultiplied."""
    alpha = rgba[..., 3:]
    return np.concatenate([rgba[..., :3] * alpha, alpha], axis=-1).astype(np.float32, copy=False)


def straight(rgba: FloatArray) -> StraightRGBA:
    """Convert premultiplied to straight alpha; transparent pixels become black."""
    alpha = rgba[..., 3:]
    colour = np.divide(rgba[..., :3], alpha, out=np.zeros_like(rgba[..., :3]), where=alpha > 0)
    return np.concatenate([colour.clip(0, 1), alpha], axis=-1).astype(np.float32, copy=False)


def on_white(rgba: FloatArray) -> npt.NDArray[np.float32]:
    """... x 3 in [0, 1], sRGB: a premultiplied image composited on white."""
    return rgba[..., :3] + (1 - rgba[..., 3:])


def from_white(rgb: FloatArray, alpha: FloatArray) -> PremultipliedRGBA:
    """The premultiplied image that gives `rgb` (... x 3) when it is composited on white."""
    opacity = alpha[..., None]
    colour = np.clip(rgb - (1 - opacity), 0, opacity)
    return np.concatenate([colour, opacity], axis=-1).astype(np.float32, copy=False)
