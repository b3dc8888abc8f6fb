# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting an object out of its background.

By the picture's own alpha channel; else by a salient-object network (U-2-Net, Qin et al. 2020)
where its file is there; else, with nothing to download, by the background's colour if the border
has only one, or by GrabCut (Rother et al. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from ..core.errors import EngineError, ErrorCode
from .alpha_channel import (
    AlphaMeaning,
    alpha_meaning,
    as_solid_object,
    opacity,
    solid_part,
    touched_borders,
)
from .reading import RGBA8, read_image

Mask = npt.NDArray[np.float32]
"""H x W in [0, 1]; 1 is object."""

_TRANSLUCENT = 0.9
"""Opacity below which a cut-out is worth a note: less than the 0.98 of an exported layer."""
_FRAME_IS_OBJECT = 0.02
"""Transparent share from which an image in which nothing stands out is its own cut-out."""
_U2NET_SIDE = 320
_U2NET_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_U2NET_STD = np.array((0.229, 0.224, 0.225), np.float32)
_GRABCUT_SIDE = 384
"""GrabCut's time grows faster than the picture; its contour is precise enough at this size."""
_KEY_LOW, _KEY_HIGH = 0.03, 0.12
"""Distances from the background's colour (largest channel) where alpha leaves 0 and reaches 1."""
_UNIFORM_SHARE = 0.97
"""Share of the border that must have the background's colour for a key: shadows cost some."""
_SPECK = 0.05
"""Parts smaller than this share of the largest one are not the object."""


@dataclass(frozen=True)
class CutOut:
    """An object on transparency, and how it was found."""

    rgba: RGBA8
    """H x W x 4, straight alpha; transparent pixels are black."""
    method: str
    """"alpha" (the image's own), "u2netp", "colour", "colour and u2netp" or "grabcut"."""
    reason: str
    """Why the image's own alpha was used or not, as part of a sentence after "because"."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the user: what is uncertain, and what to try instead."""

    @property
    def report(self) -> dict[str, Any]:
        """Plain JSON."""
        own = self.method == "alpha"
        return {"interpreted_as": "cut-out" if own else "photo", "because": self.reason,
                "cut_out_by": self.method,
                "alternative": "alpha=ignore removes a background" if own
                else "alpha=trust takes the image's transparency as it is"}


def cut_out(image: str | Path | RGBA8, segmentation_model: Path | None = None, *,
            alpha: str = "auto") -> CutOut:
    """The image with everything but its object transparent.

    Args:
        image: a file, or H x W x 4 uint8 with straight alpha.
        segmentation_model: an ONNX file of U-2-Net; None cuts out by colour alone.
        alpha: "auto" decides by its content whether the alpha channel is a finished cut-out
            (`alpha_meaning`), "trust" takes it as it is, "ignore" removes the background.

    Raises:
        EngineError: `BAD_INPUT` if the image can't be read or nothing stands out in it;
            `MODEL_MISSING` or `MODEL_DAMAGED` for the network's file.
    """
    name = "the image" if isinstance(image, np.ndarray) else str(image)
    rgba = image if isinstance(image, np.ndarray) else read_image(image)
    meaning = alpha_meaning(rgba[..., 3])
    if not solid_part(rgba[..., 3]).any() and alpha != "ignore":
        raise EngineError(ErrorCode.BAD_INPUT, f"{name} is fully transparent",
                          "use an image that shows an object, or --alpha ignore if its colours do")
    if alpha == "trust" or (alpha == "auto" and meaning.is_cut_out):
        return _by_own_alpha(rgba, meaning)
    opaque = solid_part(rgba[..., 3]) if alpha == "auto" else np.ones(rgba.shape[:2], bool)
    mask, method = _find_object(_filled(rgba[..., :3], opaque), segmentation_model)
    mask = without_specks(np.where(opaque, mask, np.float32(0)))
    if not (mask > 0.5).any():
        if meaning.reason and (~opaque).mean() > _FRAME_IS_OBJECT:
            return _by_own_alpha(rgba, meaning)
        raise EngineError(ErrorCode.BAD_INPUT, f"no object stands out in {name}",
                          "cut it out by hand and save it with a transparent background")
    return CutOut(_with_alpha(rgba[..., :3], mask), method, meaning.reason)


def _by_own_alpha(rgba: RGBA8, meaning: AlphaMeaning) -> CutOut:
    """The cut-out that the image's alpha channel makes, its object raised to full opacity."""
    notes = []
    if (strength := opacity(rgba[..., 3])) < _TRANSLUCENT:
        notes.append(f"The object is translucent (opacity {strength:.0%}) and is taken as solid.")
    if sides := touched_borders(solid_part(rgba[..., 3])):
        notes.append(f"The object touches the {' and '.join(sides)} border of the image and may "
                     "be cut off there.")
    mask = as_solid_object(rgba[..., 3]).astype(np.float32) / 255
    return CutOut(_with_alpha(rgba[..., :3], mask), "alpha", meaning.reason, notes)


def _find_object(rgb: npt.NDArray[np.uint8], network: Path | None) -> tuple[Mask, str]:
    """(mask, method) of the object in an opaque image."""
    if network is not None:
        return salient_mask(rgb, network), "u2netp"
    if (background := uniform_background(rgb)) is not None:
        return colour_key_mask(rgb, background), "colour"
    return grabcut_mask(rgb), "grabcut"


def _filled(rgb: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The colours, those that are not known taken from the nearest pixel that is."""
    if known.all() or not known.any():
        return rgb
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False,
                                                   return_indices=True)
    return rgb[rows, columns]


def _with_alpha(rgb: npt.NDArray[np.uint8], mask: Mask) -> RGBA8:
    """Straight-alpha RGBA; Blender adds an image to what is below it in its previews, where
    hidden colours would show."""
    alpha = (mask * 255).round().astype(np.uint8)[..., None]
    return np.concatenate([np.where(alpha > 0, rgb, np.uint8(0)), alpha], axis=2)


def salient_mask(rgb: npt.NDArray[np.uint8], model: Path) -> Mask:
    """U-2-Net's saliency, its uncertain middle steepened to a narrow edge."""
    side = (_U2NET_SIDE, _U2NET_SIDE)
    small = np.asarray(Image.fromarray(rgb).resize(side, Image.Resampling.LANCZOS), np.float32)
    pixels = (small / max(float(small.max()), 1.0) - _U2NET_MEAN) / _U2NET_STD
    saliency = _run_network(model, pixels.transpose(2, 0, 1)[None])
    low, high = float(saliency.min()), float(saliency.max())
    saliency = (saliency - low) / max(high - low, 1e-6)
    return np.clip((_resize(saliency, rgb) - 0.5) * 3 + 0.5, 0, 1)


def uniform_background(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32] | None:
    """The one colour (3 in [0, 1]) that nearly all of the border has, if there is one."""
    border = np.concatenate([rgb[:2].reshape(-1, 3), rgb[-2:].reshape(-1, 3),
                             rgb[:, :2].reshape(-1, 3), rgb[:, -2:].reshape(-1, 3)]) / 255
    colour = np.median(border, axis=0)
    near = np.abs(border - colour).max(axis=1) < _KEY_LOW
    return colour.astype(np.float32) if near.mean() >= _UNIFORM_SHARE else None


def colour_key_mask(rgb: npt.NDArray[np.uint8], background: npt.NDArray[np.floating]) -> Mask:
    """Distance from the background's colour; what it encloses belongs to the object."""
    distance = np.abs(rgb.astype(np.float32) / 255 - background).max(axis=2)
    return fill_holes(np.clip((distance - _KEY_LOW) / (_KEY_HIGH - _KEY_LOW), 0, 1))


def grabcut_mask(rgb: npt.NDArray[np.uint8]) -> Mask:
    """GrabCut that starts from "the outermost twentieth is background", on a small copy."""
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
    return _resize(ndimage.gaussian_filter(fill_holes(found), 0.7), rgb)


def fill_holes(mask: Mask) -> Mask:
    """The mask with everything that its object encloses set to 1."""
    solid = mask > 0.5
    return np.where(ndimage.binary_fill_holes(solid) & ~solid, np.float32(1), mask)


def without_specks(mask: Mask, smallest: float = _SPECK) -> Mask:
    """The mask without parts smaller than this share of its largest part."""
    parts, count = ndimage.label(mask > 0.5)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())[1:]
    keep = np.flatnonzero(sizes >= smallest * sizes.max()) + 1
    # Dilated, so that the soft edge of what stays isn't cut.
    near = ndimage.binary_dilation(np.isin(parts, keep), iterations=2)
    return np.where(near, mask, np.float32(0))


def _run_network(model: Path, pixels: npt.NDArray[np.float32]) -> Mask:
    """First output of the ONNX network for 1 x 3 x S x S, as S x S."""
    if not model.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no segmentation model {model}",
                          "check the path, or leave it out to use the built-in way")
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    try:
        options = onnxruntime.SessionOptions()
        # Its idle threads otherwise spin, which takes minutes where other work wants the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(str(model), options,
                                               providers=["CPUExecutionProvider"])
        output = session.run(None, {session.get_inputs()[0].name: pixels})[0]
    except (errors.Fail, errors.InvalidProtobuf, errors.InvalidGraph, errors.InvalidArgument,
            errors.RuntimeException) as error:
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{model} is not a usable ONNX network",
                          "fetch it again, or remove it to use the built-in way") from error
    return np.asarray(output, np.float32).reshape(pixels.shape[-2:])


def _resize(mask: Mask, like: npt.NDArray[np.uint8]) -> Mask:
    """The mask at the size of a picture."""
    height, width = like.shape[:2]
    return np.clip(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
