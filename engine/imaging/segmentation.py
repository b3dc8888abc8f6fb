# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts an object out of its background.

A finished cut-out keeps its own alpha channel. In any other image, a salient-object network
(U-2-Net, Qin et al. 2020) finds the object. If the background is smooth, its colour determines the
exact outline, and the network only separates the object from its shadow; docs/cut-outs compares
the combinations. Without the network's file, only colour is used: a colour key if the background
is smooth, otherwise GrabCut (Rother et al. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..core.errors import EngineError, ErrorCode
from .alpha import RGBA8
from .alpha_channel import (
    AlphaMeaning,
    alpha_meaning,
    as_solid_object,
    opacity,
    photo_part,
    solid_part,
    touched_borders,
)
from .background import (
    Background,
    FloatImage,
    Mask,
    Pixels,
    border_pixels,
    keyed,
    smooth_background,
    soft_edges,
)
from .reading import LoadedImage, load_image
from .saliency import resized, saliency

_TRANSLUCENT = 0.9
"""Opacity below which a translucent object is reported: exported layers may have 0.98."""
_FRAME_IS_OBJECT = 0.02
"""Transparent share from which an image without a distinct object is taken as a cut-out."""
_LARGEST_SIDE = 2048
"""Largest side in pixels at which objects are detected: this takes 550 MB; 4096 take 2.2 GB."""
_FIT_SIDE = 512
"""Largest side in pixels at which a background is fitted; it is smooth, so this is enough."""
_GRABCUT_SIDE = 384
"""Largest side in pixels for GrabCut, whose time grows faster than the number of pixels."""
_SPECK = 0.05
"""Parts smaller than this share of the largest one are not the object."""
_LEAST_PART = 2e-4
"""Minimum share of the frame of a connected part whose colour differs from a smooth background's.
Noise makes smaller parts; even white objects on white have shaded edges that are larger."""
_UNSURE = (0.25, 0.75)
"""Range of saliency that indicates neither object nor background."""
_UNSURE_SHARE = 0.35
"""Share of the object's area with such a saliency from which a cut-out is uncertain."""
_UNSURE_IOU = 0.5
"""IoU of the objects found by network and colour below which a cut-out is uncertain."""
_UNCERTAIN = ("The cut-out is uncertain; check it, and if it is wrong use a plainer background or "
              "cut the object out by hand.")


@dataclass(frozen=True)
class CutOut:
    """An object on a transparent background, and the method by which it was found."""

    rgba: RGBA8
    """H x W x 4, straight alpha; transparent pixels are black."""
    method: str
    """"alpha" (the image's own), "u2netp", "colour", "colour and u2netp" or "grabcut"."""
    reason: str
    """Why the image's own alpha was used or not, as part of a sentence after "because"."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the user about uncertainty and alternatives."""

    @property
    def report(self) -> dict[str, Any]:
        """Description of the cut-out as plain JSON."""
        own = self.method == "alpha"
        return {"interpreted_as": "cut-out" if own else "photo", "because": self.reason,
                "cut_out_by": self.method,
                "alternative": "alpha=ignore removes a background" if own
                else "alpha=trust takes the image's transparency as it is"}


def cut_out(image: str | Path | RGBA8, segmentation_model: Path | None = None, *,
            alpha: str = "auto") -> CutOut:
    """Make everything except the object transparent.

    Args:
        image: a file, or H x W x 4 uint8 with straight alpha.
        segmentation_model: an ONNX file of U-2-Net; None cuts out by colour alone.
        alpha: "auto" decides by its content whether the alpha channel is a finished cut-out
            (`alpha_meaning`), "trust" takes it as it is, "ignore" removes the background.

    Raises:
        EngineError: `BAD_INPUT` if the image cannot be read or shows no distinct object;
            `MODEL_MISSING` or `MODEL_DAMAGED` for the network's file.
    """
    name = "the image" if isinstance(image, np.ndarray) else str(image)
    loaded = LoadedImage(image) if isinstance(image, np.ndarray) else load_image(image)
    cut = _cut_out(loaded.rgba, name, segmentation_model, alpha)
    return replace(cut, notes=[*loaded.notes, *cut.notes])


def _cut_out(rgba: RGBA8, name: str, network: Path | None, alpha: str) -> CutOut:
    """Implements `cut_out` for pixels. `name`: the image's name in messages."""
    meaning = alpha_meaning(rgba[..., 3])
    if not solid_part(rgba[..., 3]).any() and alpha != "ignore":
        raise EngineError(
            ErrorCode.BAD_INPUT, f"{name} is fully transparent",
            "use an image that shows an object, or `--alpha ignore` if its colours do")
    if alpha == "trust" or (alpha == "auto" and meaning.is_cut_out):
        return _by_own_alpha(rgba, meaning)
    opaque = photo_part(rgba[..., 3]) if alpha == "auto" else np.ones(rgba.shape[:2], bool)
    found = _find_object(_filled(rgba[..., :3], opaque), network)
    mask = without_specks(np.where(opaque, found.mask, np.float32(0)))
    if not (mask > 0.5).any():
        if (~opaque).mean() > _FRAME_IS_OBJECT:
            return _by_own_alpha(rgba, meaning)
        raise EngineError(ErrorCode.BAD_INPUT,
                          f"no object could be distinguished from the background in {name}",
                          "cut it out by hand and save it with a transparent background")
    notes = [_UNCERTAIN] if found.uncertain else []
    if alpha == "auto" and (rgba[..., 3] < 255).any():
        notes.insert(0, f"The image's transparency was not used, because {meaning.reason}; "
                     "alpha=trust takes it as it is.")
    return CutOut(_with_alpha(found.rgb, mask), found.method, meaning.reason,
                  notes + _cut_off(mask > 0.5))


def _cut_off(solid: Pixels) -> list[str]:
    """A note if the object reaches the image's border."""
    sides = touched_borders(solid)
    return [f"The object touches the {' and '.join(sides)} border of the image and may be cut off "
            "there."] if sides else []


def _by_own_alpha(rgba: RGBA8, meaning: AlphaMeaning) -> CutOut:
    """The cut-out given by the image's alpha channel, with the object raised to full opacity."""
    notes = []
    if (strength := opacity(rgba[..., 3])) < _TRANSLUCENT:
        notes.append(f"The object is translucent (opacity {strength:.0%}) and is taken as solid.")
    mask = as_solid_object(rgba[..., 3]).astype(np.float32) / 255
    return CutOut(_with_alpha(rgba[..., :3], mask), "alpha", meaning.reason,
                  notes + _cut_off(mask > 0.5))


@dataclass(frozen=True)
class _Found:
    """The object of an opaque image."""

    rgb: npt.NDArray[np.uint8]
    """H x W x 3; the background's colour is removed from soft edges."""
    mask: Mask
    method: str
    uncertain: bool = False


def _find_object(rgb: npt.NDArray[np.uint8], network: Path | None) -> _Found:
    """The object in an opaque image, H x W x 3; large images are shrunk for the detection."""
    height, width = rgb.shape[:2]
    scale = _LARGEST_SIDE / max(height, width)
    if scale >= 1:
        return _find_in(rgb, network)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    found = _find_in(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8), network)
    return replace(found, rgb=rgb, mask=resized(found.mask, rgb.shape))


def _find_in(rgb: npt.NDArray[np.uint8], network: Path | None) -> _Found:
    """The object in an opaque image, detected at the image's size."""
    salient = saliency(rgb, network) if network is not None else None
    pixels = rgb.astype(np.float32) / 255
    background = _fitted_background(pixels, salient)
    if background is not None:
        if salient is not None and _shows_nothing(background.distance(pixels), background):
            return _Found(rgb, np.zeros_like(salient), "colour and u2netp")
        solid = _object_parts(keyed(pixels, background, salient), salient)
        if solid.any():
            colours, mask = soft_edges(pixels, background, solid)
            uncertain = salient is not None and max(  # the network does not detect openings
                _iou(part, salient > 0.5)
                for part in (solid, ndimage.binary_fill_holes(solid))) < _UNSURE_IOU
            return _Found((colours * 255).round().astype(np.uint8), mask,
                          "colour" if salient is None else "colour and u2netp", uncertain)
    if salient is None:
        return _Found(rgb, grabcut_mask(rgb), "grabcut", True)
    unsure = (salient > _UNSURE[0]) & (salient < _UNSURE[1])
    return _Found(rgb, np.clip((salient - 0.5) * 3 + 0.5, 0, 1), "u2netp",
                  bool(unsure.sum() > _UNSURE_SHARE * max((salient > 0.5).sum(), 1)))


def _shows_nothing(distance: Mask, background: Background) -> bool:
    """Whether an image shows only background, although the network has found an object."""
    parts, _ = ndimage.label(distance > background.threshold, structure=np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    return bool(sizes.max(initial=0) < max(_LEAST_PART * distance.size, 1))


def _fitted_background(pixels: FloatImage, salient: Mask | None) -> Background | None:
    """`smooth_background`, fitted to a small copy."""
    scale = min(1.0, _FIT_SIDE / max(pixels.shape[:2]))
    if scale == 1:
        return smooth_background(pixels, salient)
    height, width = pixels.shape[:2]
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    found = smooth_background(small, None if salient is None else resized(salient, small.shape))
    if found is None:
        return None
    colour = np.asarray(
        cv2.resize(found.colour, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    # Averaging has made the small copy's noise smaller than that of the image.
    edge = border_pixels(pixels.shape, 3)
    off = np.abs(pixels - colour).max(axis=2)[edge]
    noise = float(1.4826 * np.median(off[off < 0.1])) / 1.5 if (off < 0.1).any() else found.noise
    return Background(colour, max(found.noise, noise))


def _object_parts(differs: Pixels, salient: Mask | None) -> Pixels:
    """The connected parts of the differing pixels that belong to the object."""
    parts, count = ndimage.label(differs, structure=np.ones((3, 3)))
    if not count:
        return differs
    numbers = range(1, count + 1)
    sizes = np.bincount(parts.ravel())[1:]
    keep = sizes >= _SPECK * sizes.max()
    if salient is not None:
        highest = np.asarray(ndimage.maximum(salient, parts, numbers))
        if (highest[sizes > 16] > 0.5).any():
            seen = sizes[highest > 0.5].max()
            keep = (highest > 0.5) & (sizes >= 0.02 * seen)
    return np.isin(parts, np.flatnonzero(keep) + 1)


def _iou(first: Pixels, second: Pixels) -> float:
    return float((first & second).sum() / max((first | second).sum(), 1))


def _filled(rgb: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The colours, with unknown ones replaced by those of the nearest known pixel."""
    if known.all() or not known.any():
        return rgb
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False,
                                                   return_indices=True)
    return rgb[rows, columns]


def _with_alpha(rgb: npt.NDArray[np.uint8], mask: Mask) -> RGBA8:
    """Straight-alpha RGBA with black transparent pixels, because Blender's previews add colours
    without regard to alpha."""
    alpha = (mask * 255).round().astype(np.uint8)[..., None]
    return np.concatenate([np.where(alpha > 0, rgb, np.uint8(0)), alpha], axis=2)


def grabcut_mask(rgb: npt.NDArray[np.uint8]) -> Mask:
    """The mask by GrabCut on a small copy, starting with the outermost 5 % as background."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _GRABCUT_SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)[..., ::-1])
    margin_x, margin_y = max(1, size[0] // 20), max(1, size[1] // 20)
    labels = np.zeros(small.shape[:2], np.uint8)
    inside = (margin_x, margin_y, size[0] - 2 * margin_x, size[1] - 2 * margin_y)
    cv2.setRNGSeed(0)  # OpenCV clusters colours with its own global generator
    cv2.grabCut(small, labels, inside, np.zeros((1, 65)), np.zeros((1, 65)), 5,
                cv2.GC_INIT_WITH_RECT)
    found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return resized(ndimage.gaussian_filter(fill_holes(found), 0.7), rgb.shape)


def fill_holes(mask: Mask) -> Mask:
    """The mask with all areas that the object encloses set to 1."""
    solid = mask > 0.5
    return np.where(ndimage.binary_fill_holes(solid) & ~solid, np.float32(1), mask)


def without_specks(mask: Mask, smallest: float = _SPECK) -> Mask:
    """The mask without parts smaller than this share of its largest part."""
    parts, count = ndimage.label(mask > 0.5)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())[1:]
    keep = np.flatnonzero(sizes >= smallest * sizes.max()) + 1
    # Dilated, so that the soft edges of the remaining parts are not cut.
    near = ndimage.binary_dilation(np.isin(parts, keep), iterations=2)
    return np.where(near, mask, np.float32(0))
