# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random changes of a training image that imitate photographs and imperfect cut-outs."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]

MAX_SHIFT = 4
"""Largest shift of the framing in cells of two pixels: cut-outs are centred by their silhouette,
training objects by their bounding box in space."""
GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Luma weights of ITU-R BT.601."""


def random_colour(rgb: FloatArray, rng: np.random.Generator) -> FloatArray:
    """H x W x 3 in [0, 1] with another exposure, contrast, saturation and white balance."""
    if rng.random() < 0.15:
        rgb = rgb[..., rng.permutation(3)]
    if rng.random() < 0.8:
        grey = (rgb @ GREY)[..., None]
        rgb = grey + (rgb - grey) * np.float32(rng.uniform(0, 1.5))
        rgb = rgb * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
        rgb = rgb.clip(0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
        rgb = rgb * np.float32(np.exp(rng.normal(0, 0.25)))
    return rgb.clip(0, 1)


def compress(rgb: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The image with JPEG artefacts of a random quality."""
    image = (rgb * 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
    return cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR) / np.float32(255)


def disturb_alpha(alpha: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The alpha with its outline grown, shrunk or blurred by about a pixel, as in cut-outs."""
    soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.5:
        middle = np.full(alpha.shape, rng.uniform(0.3, 0.7), np.float32)
        gain = rng.uniform(1.7, 3.5)
    else:
        rough = cv2.resize(rng.random((16, 16)).astype(np.float32), alpha.shape[::-1])
        middle, gain = 0.3 + 0.4 * rough, 3.0
    disturbed = ((soft - middle) * gain + 0.5).clip(0, 1) * (soft > 0.05)
    return np.asarray(disturbed, np.float32)


def augment_image(rgba: npt.NDArray[np.uint8], rng: np.random.Generator) -> FloatArray:
    """H x W x 4 straight alpha bytes to float32 premultiplied RGBA in [0, 1], changed at random."""
    image = rgba.astype(np.float32) / 255
    rgb, alpha = random_colour(image[..., :3], rng), image[..., 3]
    if rng.random() < 0.5:
        background = rng.random(3).astype(np.float32)
        if rng.random() < 0.4:
            background[:] = 1
        rgb = background + (rgb - background) * alpha[..., None]
        if rng.random() < 0.5:
            rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 1.3)), np.float32)
        if rng.random() < 0.5:
            rgb = compress(rgb, rng)
        if rng.random() < 0.6:
            alpha = disturb_alpha(alpha, rng)
    if rng.random() < 0.2:
        rgb = rgb + rng.normal(0, rng.uniform(0, 0.04), rgb.shape).astype(np.float32)
    rgb = rgb.clip(0, 1) * alpha[..., None]
    return np.concatenate([rgb, alpha[..., None]], axis=-1).astype(np.float32)


def shifted(image: FloatArray, target: npt.NDArray[np.uint8],
            rng: np.random.Generator) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Image (128 x 128 x 4) and target (64 x 64 x 64) moved together, the object kept whole."""
    seen = image[..., 3] > 0
    limits = []
    for axis in (0, 1):
        places = np.flatnonzero(seen.any(1 - axis))
        low, high = (places[0], places[-1]) if len(places) else (0, seen.shape[axis] - 1)
        limits.append((max(-MAX_SHIFT, -(low // 2)),
                       min(MAX_SHIFT, (seen.shape[axis] - 1 - high) // 2)))
    rows, columns = (int(rng.integers(low, high + 1)) for low, high in limits)
    return (np.roll(image, (2 * rows, 2 * columns), (0, 1)),
            np.roll(target, (rows, columns), (1, 2)))
