# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Salient-object detection by the network U-2-Net (Qin et al. 2020) in an ONNX file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ..core.errors import EngineError, ErrorCode
from .background import Mask

_SIDE = 320
"""Side of the network's training images, pixels."""
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_STD = np.array((0.229, 0.224, 0.225), np.float32)


def saliency(rgb: npt.NDArray[np.uint8], model: Path) -> Mask:
    """H x W in [0, 1] of an H x W x 3 image: 1 where the network sees an object.

    Raises:
        EngineError: `MODEL_MISSING` or `MODEL_DAMAGED` for the network's file.
    """
    small = np.asarray(Image.fromarray(rgb).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS),
                       np.float32)
    pixels = (small / max(float(small.max()), 1.0) - _MEAN) / _STD
    found = _run_network(model, pixels.transpose(2, 0, 1)[None])
    low, high = float(found.min()), float(found.max())
    return resized((found - low) / max(high - low, 1e-6), rgb.shape)


def resized(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """The mask, resized to a height and width."""
    return np.clip(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), 0, 1)


def _run_network(model: Path, pixels: npt.NDArray[np.float32]) -> Mask:
    """First output of the ONNX network for 1 x 3 x S x S, as S x S."""
    if not model.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the segmentation model {model} does not exist",
                          "check the path, or leave it out to use the built-in method")
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
                          "fetch it again, or remove it to use the built-in method") from error
    return np.asarray(output, np.float32).reshape(pixels.shape[-2:])
