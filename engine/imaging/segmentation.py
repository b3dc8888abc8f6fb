# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting an object out of its background.

By the picture's own alpha channel; else by a salient-object network (U-2-Net, Qin et al. 2020)
where its file is there; else, with nothing to download, by the background's colour if the border
has only one, or by GrabCut (Rother et al. 2004).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from ..core.errors import EngineError, ErrorCode
from ..models.catalogue import known_model
from .reading import RGBA8, read_image

Mask = npt.NDArray[np.float32]
"""H x W in [0, 1]; 1 is object."""

SEGMENTATION_MODEL = "u2netp"
"""Name in the catalogue."""
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


def cut_out(picture: str | Path | RGBA8, segmentation_model: Path | None = None) -> RGBA8:
    """The picture with everything but its object transparent.

    Args:
        picture: a file, or H x W x 4 uint8. If any pixel is transparent, the alpha channel is
            taken for a finished cut-out and returned as it is.
        segmentation_model: an ONNX file of U-2-Net; the catalogue's, if it is here, where None.

    Raises:
        EngineError: `BAD_INPUT` if the picture can't be read or nothing stands out in it;
            `MODEL_MISSING` or `MODEL_DAMAGED` for the network's file.
    """
    name = "the picture" if isinstance(picture, np.ndarray) else str(picture)
    rgba = picture if isinstance(picture, np.ndarray) else read_image(picture)
    if (rgba[..., 3] < 255).any():
        return rgba
    rgb = rgba[..., :3]
    network = segmentation_model or known_model(SEGMENTATION_MODEL).file
    if segmentation_model is not None or network.is_file():
        mask = salient_mask(rgb, network)
    elif (background := uniform_background(rgb)) is not None:
        mask = colour_key_mask(rgb, background)
    else:
        mask = grabcut_mask(rgb)
    mask = without_specks(mask)
    if not (mask > 0.5).any():
        raise EngineError(ErrorCode.BAD_INPUT, f"no object stands out in {name}",
                          "cut it out by hand and save it with a transparent background")
    alpha = (mask * 255).round().astype(np.uint8)[..., None]
    # Blender adds a picture to what is below it in its previews: hidden colours would show.
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
                          f"fetch it again, or `models remove {SEGMENTATION_MODEL}` to use the "
                          "built-in way") from error
    return np.asarray(output, np.float32).reshape(pixels.shape[-2:])


def _resize(mask: Mask, like: npt.NDArray[np.uint8]) -> Mask:
    """The mask at the size of a picture."""
    height, width = like.shape[:2]
    return np.clip(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
