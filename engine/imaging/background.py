# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models a smooth background: one colour, a gradient, or a studio backdrop with darker corners.

Its colour at every pixel is a cubic polynomial of the position, fitted robustly to the pixels that
certainly belong to the background. Pixels that differ from it show the object or its shadow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.float32]
"""H x W in [0, 1]; 1 is object."""
Pixels = npt.NDArray[np.bool_]
"""H x W bool."""


@dataclass(frozen=True)
class KeyConfig:
    """Constants of the colour key; distances are of the largest channel, colours in [0, 1]."""

    salient: float = 0.3
    """Saliency below which a pixel may be used to fit the background's colour."""
    ring: float = 0.05
    """Width of the border for the first fit without saliency, relative to the shorter side."""
    first_distance: float = 0.14
    """Largest distance of the first samples from the border's median colour, as in a vignette."""
    fit_distance: float = 0.05
    """Largest distance from the fit of the samples for the next fit."""
    max_noise: float = 0.025
    """Standard deviation of the background's pixels above which it is textured, not smooth."""
    border_share: float = 0.9
    """Share of the border, where it is not the object, that must have the background's colour."""
    border_share_blind: float = 0.55
    """The same share of all border pixels, for an image without saliency."""
    noise_factor: float = 3.5
    """Standard deviations by which a background pixel may differ: 1 in 2000 differs more."""
    min_distance: float = 2.5 / 255
    """Lower limit of that difference, due to the rounding of gradients."""
    faint: float = 0.08
    """Distance up to which a pixel belongs to the object only if the network sees one there: lossy
    compression makes ripples of this size around an object. docs/cut-outs compares values."""
    shadow: tuple[float, float] = (0.3, 0.995)
    """Brightness of a shadow as a multiple of the background's."""
    shadow_tint: float = 0.03
    """Largest distance of a shadow's colour from the darkened background's colour."""
    certain: float = 0.9
    """Saliency above which a part in the background's colour is the object: white on white."""
    hole: float = 0.6
    """Distance, as a multiple of the key's threshold, up to which an enclosed area shows the
    background."""
    ripple: float = 2.0
    """The same distance as a multiple of the median distance of the background beside the object,
    where lossy compression makes ripples: in a small opening they come from all sides."""
    max_ripple: float = 0.04
    """Upper limit of that distance, because a shadow beside the object is not a ripple."""


CONFIG = KeyConfig()
_BLOCK = 8
"""Side in pixels of the blocks of JPEG, WebP and video codecs; ripples stay within a block."""


@dataclass(frozen=True)
class Background:
    """The background of one image."""

    colour: FloatImage
    """H x W x 3 in [0, 1]."""
    noise: float
    """Standard deviation of the background's pixels around it, of the largest channel."""

    @property
    def threshold(self) -> float:
        """Distance from the colour above which a pixel is not background."""
        return max(CONFIG.noise_factor * self.noise, CONFIG.min_distance)

    def distance(self, rgb: FloatImage) -> FloatImage:
        """H x W: largest difference of a channel."""
        return np.abs(rgb - self.colour).max(axis=2)

    def is_shadow(self, rgb: FloatImage) -> Pixels:
        """H x W: the background's colour, darkened."""
        brightness = rgb.mean(axis=2) / np.maximum(self.colour.mean(axis=2), 1e-3)
        tint = np.abs(rgb - brightness[..., None] * self.colour).max(axis=2)
        low, high = CONFIG.shadow
        return ((low < brightness) & (brightness < high)
                & (tint < CONFIG.shadow_tint + 2 * self.noise))


def smooth_background(rgb: FloatImage, saliency: Mask | None) -> Background | None:
    """The background of an image, H x W x 3 in [0, 1]; None if it is not smooth.

    `saliency`: H x W, a network's saliency of the object. Without it, the object may cover a third
    of the border.
    """
    edge = border_pixels(rgb.shape[:2], max(2, round(CONFIG.ring * min(rgb.shape[:2]))))
    likely = edge if saliency is None else (saliency < CONFIG.salient)
    if likely.sum() < 100:
        return None
    start = np.median(rgb[edge & likely] if (edge & likely).any() else rgb[likely], axis=0)
    samples = likely & (np.abs(rgb - start).max(axis=2) < CONFIG.first_distance)
    colour = np.broadcast_to(start.astype(np.float32), rgb.shape)
    for degree in (1, 2, 2, 3, 3):
        if samples.sum() < 100:
            return None
        colour = _polynomial(rgb, samples, degree)
        near = np.abs(rgb - colour).max(axis=2) < CONFIG.fit_distance
        samples = near & (likely if saliency is not None else _from_border(near))
    difference = np.abs(rgb - colour).max(axis=2)
    noise = float(1.4826 * np.median(difference[samples])) / 1.5 if samples.any() else 1.0
    found = Background(colour, noise)
    limit = np.maximum(found.threshold, CONFIG.fit_distance)
    outer = border_pixels(rgb.shape[:2], 2)
    judged = outer if saliency is None else outer & likely
    share = CONFIG.border_share_blind if saliency is None else CONFIG.border_share
    if noise > CONFIG.max_noise or not judged.any() or (difference[judged] < limit).mean() < share:
        return None
    return found


def keyed(rgb: FloatImage, background: Background, saliency: Mask | None) -> Pixels:
    """H x W: pixels that differ from a smooth background and are not in shadow.

    Where a network finds an object (saliency of at least one half), shadow-like colours belong to
    it; where the network is certain, so does the background's colour, unless the object encloses
    it. Enclosed areas that differ by less than noise are openings.
    """
    distance = background.distance(rgb)
    differs = distance > background.threshold
    if saliency is None:
        differs &= ~background.is_shadow(rgb) | (distance > 0.5)
    else:
        differs &= ~background.is_shadow(rgb) | (saliency > 0.5)
        differs &= (distance > CONFIG.faint) | (saliency > CONFIG.salient)
    enclosed, count = ndimage.label(ndimage.binary_fill_holes(differs) & ~differs)
    if count:
        medians = np.asarray(ndimage.median(distance, enclosed, range(1, count + 1)))
        sizes = np.bincount(enclosed.ravel())[1:]
        limit = max(CONFIG.hole * background.threshold, _ripples(distance, differs))
        opening = (medians < limit) & (sizes > 8)
        differs |= np.isin(enclosed, np.flatnonzero(~opening) + 1)
    if saliency is not None:
        differs |= (saliency > CONFIG.certain) & (enclosed == 0)
    return differs


def _ripples(distance: Mask, solid: Pixels) -> float:
    """Distance up to which an opening in an object may differ from a background with ripples."""
    filled = ndimage.binary_fill_holes(solid)
    beside = (ndimage.binary_dilation(filled, iterations=_BLOCK)
              & ~ndimage.binary_dilation(filled, iterations=2))
    if not beside.any():
        return 0.0
    return min(CONFIG.ripple * float(np.median(distance[beside])), CONFIG.max_ripple)


def soft_edges(rgb: FloatImage, background: Background,
               solid: Pixels) -> tuple[FloatImage, Mask]:
    """(colours without the background's share, opacity) of an object on a smooth background.

    The opacity of a pixel on the edge is the ratio of its distance from the background to that of
    the object just inside.
    """
    distance = background.distance(rgb)
    core = ndimage.binary_erosion(solid, iterations=2, border_value=1)
    inside = ndimage.maximum_filter(np.where(core, distance, 0), 7)
    band = ndimage.binary_dilation(solid) & ~core
    partial = np.clip(distance / np.maximum(inside, background.threshold), 0, 1)
    alpha = np.where(band & (inside > 2 * background.threshold), partial, solid).astype(np.float32)
    alpha[alpha < 0.05] = 0
    share = np.maximum(alpha, 0.05)[..., None]
    colour = (rgb - (1 - alpha[..., None]) * background.colour) / share
    return np.clip(np.where(alpha[..., None] < 1, colour, rgb), 0, 1).astype(np.float32), alpha


def border_pixels(shape: tuple[int, ...], width: int) -> Pixels:
    """H x W: the outermost pixels."""
    pixels = np.ones(shape[:2], bool)
    pixels[width:-width, width:-width] = False
    return pixels


def _polynomial(rgb: FloatImage, samples: Pixels, degree: int) -> FloatImage:
    """H x W x 3: the least-squares polynomial through the samples' colours."""
    height, width = rgb.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    terms = [np.broadcast_to(x**i * y**j, (height, width))
             for i in range(degree + 1) for j in range(degree + 1 - i)]
    chosen = np.flatnonzero(samples)
    chosen = chosen[:: max(1, len(chosen) // 6000)]
    matrix = np.stack([term.ravel()[chosen] for term in terms], axis=1)
    weights, *_ = np.linalg.lstsq(matrix, rgb.reshape(-1, 3)[chosen], rcond=None)
    return np.tensordot(np.stack(terms, axis=-1), weights.astype(np.float32), axes=1)


def _from_border(pixels: Pixels) -> Pixels:
    """The subset of the pixels that is connected with the border."""
    parts, _ = ndimage.label(pixels)
    edge = border_pixels(pixels.shape, 1)
    return np.isin(parts, np.setdiff1d(np.unique(parts[edge]), [0]))
