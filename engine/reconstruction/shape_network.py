# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network's prediction for the input photo."""

from __future__ import annotations

from ..core.errors import EngineError, ErrorCode
from ..mesh.photo import Photo
from ..shape.frustum import ShapePrediction
from ..shape.prediction import WEIGHTS, predict
from ..shape.symmetry import symmetric
from .settings import ReconstructionSettings


def has_shape_network() -> bool:
    """Whether the weights of the shape network exist."""
    return (WEIGHTS / "weights.safetensors").is_file()


def predict_shape(photo: Photo, settings: ReconstructionSettings) -> ShapePrediction:
    """The occupancy that the shape network predicts for the object in a photo, made symmetric where
    that is credible.

    Raises:
        EngineError: `MODEL_MISSING` without the network's weights.
    """
    if not has_shape_network():
        raise EngineError(ErrorCode.MODEL_MISSING, "the weights of the shape network are missing",
                          "reinstall the program, or use the method views")
    return symmetric(predict(photo.rgba, settings.input_elevation_deg, settings.input_radius))
