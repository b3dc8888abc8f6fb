# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The opacity of a generated view, which the networks draw on white."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .background import Mask
from .segmentation import without_specks

_WHITE_LOW, _WHITE_HIGH = 0.04, 0.12
"""Darkness above which alpha exceeds 0, and the lowest darkness at which it may reach 1: just
above the noise of decoded white."""
_SOLID_SHARE = 0.5
"""Share of the object's median darkness at which alpha reaches 1: lower values are the soft edge of
a dark object."""
_OPENING_WHITE = 0.025
"""Mean darkness below which an enclosed part is background. All three constants were chosen by the
IoU with the true alpha of training views, clean and noisy, and of nano's views of held-out
objects."""


def foreground_alpha(rgb: npt.NDArray[np.floating]) -> Mask:
    """Alpha of a generated view on white: H x W float32 of H x W x 3 in [0, 1].

    Alpha rises with the distance of the darkest channel from white, more slowly for darker objects.
    Light parts that the object encloses belong to it, unless they are nearly pure white: those are
    openings that show the background. Specks are removed.
    """
    distance = 1 - np.asarray(rgb, np.float32).min(axis=2)
    shown = distance[distance > _WHITE_HIGH]
    high = max(_WHITE_HIGH, _SOLID_SHARE * float(np.median(shown))) if shown.size else _WHITE_HIGH
    mask = np.clip((distance - _WHITE_LOW) / (high - _WHITE_LOW), 0, 1)
    solid = mask > 0.5
    holes, count = ndimage.label(ndimage.binary_fill_holes(solid) & ~solid)
    shaded = np.flatnonzero(ndimage.mean(distance, holes, range(1, count + 1)) > _OPENING_WHITE) + 1
    return without_specks(np.where(np.isin(holes, shaded), np.float32(1), mask))
