# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known defects of views, for measuring the effect of inconsistent views on a reconstruction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

MAX_SHIFT = 8
"""Largest shift of a view along each axis, pixels."""
SCALE = 0.1
"""Relative change of an object's size in its view."""
HUE_DEG = 90.0
"""Rotation of the hue."""
BLUR_SIGMA = 3.0
"""Standard deviation of the Gaussian blur, pixels."""
WRONG_SIDE, MISSING = "wrong-side", "missing"

Image = npt.NDArray[np.float32]
Defect = Callable[[Image, np.random.Generator], Image]
"""A view (s, s, 4) in [0, 1], premultiplied by alpha, to the view with the defect."""


def _mirrored(image: Image, rng: np.random.Generator) -> Image:
    """The image with left and right exchanged."""
    return image[:, ::-1]


def _shifted(image: Image, rng: np.random.Generator) -> Image:
    """The image shifted by up to `MAX_SHIFT` pixels along both axes, by the maximum along one."""
    shift = rng.permutation([MAX_SHIFT, rng.integers(0, MAX_SHIFT + 1)]) * rng.choice([-1, 1], 2)
    return _warped(image, 1.0, shift)


def _scaled(image: Image, rng: np.random.Generator) -> Image:
    """The image enlarged or shrunk by `SCALE` about its centre."""
    return _warped(image, 1 + SCALE * float(rng.choice([-1, 1])), np.zeros(2))


def _hue(image: Image, rng: np.random.Generator) -> Image:
    """The image with colours rotated about the grey axis, which keeps the mean of the channels."""
    angle = np.radians(HUE_DEG) * rng.choice([-1, 1])
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    rotation = grey + np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * cross
    alpha = image[..., 3:]
    return np.concatenate([(image[..., :3] @ rotation.T).clip(0, alpha), alpha],
                          axis=-1).astype(np.float32)


def _blurred(image: Image, rng: np.random.Generator) -> Image:
    """The image with blurred colours and outline."""
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR_SIGMA), np.float32)


def _warped(image: Image, scale: float, shift: np.ndarray) -> Image:
    """The image scaled about its centre, then shifted by (x, y) pixels."""
    import cv2

    centre = (len(image) - 1) / 2
    matrix = np.array([[scale, 0, centre * (1 - scale) + shift[0]],
                       [0, scale, centre * (1 - scale) + shift[1]]])
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[1::-1]), np.float32)


IMAGE_DEFECTS: dict[str, Defect] = {"mirrored": _mirrored, "shifted": _shifted, "scaled": _scaled,
                                    "hue": _hue, "blurred": _blurred}
"""Defects that are computed from the view alone."""
DEFECT_NAMES = (WRONG_SIDE, *IMAGE_DEFECTS, MISSING)
"""All defects. "wrong-side" shows the object from the opposite azimuth; "missing" views are left
out of the set."""
