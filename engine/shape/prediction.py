# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predict the occupied space of one object from one image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from .frustum import ShapePrediction
from .geometry import IMAGE_SIZE, RAYS, FloatArray
from .network import ShapeNetwork

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of the published weights, their calibration and their model card."""
MIN_ALPHA = 0.02
"""Alpha above which a pixel belongs to the object. A cell with such a pixel meets the object."""


@dataclass(frozen=True)
class Calibration:
    """Monotone map from the network's probability to the observed share of occupied places."""

    predicted: npt.NDArray[np.floating]
    """Increasing knots in [0, 1]."""
    observed: npt.NDArray[np.floating]
    """The share at each knot, not decreasing."""

    def __call__(self, probability: FloatArray) -> npt.NDArray[np.float32]:
        """Calibrated probabilities, linear between the knots."""
        return np.interp(probability, self.predicted, self.observed).astype(np.float32)


IDENTITY = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
"""The calibration that does not change probabilities."""


@dataclass(frozen=True)
class ShapePredictor:
    """The network with its calibration."""

    network: ShapeNetwork
    calibration: Calibration

    @torch.inference_mode()
    def raw_probabilities(self, image: FloatArray, elevation_deg: float,
                          radius: float) -> npt.NDArray[np.float32]:
        """Uncalibrated probabilities of all rays, 64 x 64 x 64 [bin, row, column].

        `image`: 128 x 128 x 4, premultiplied. The mean over the image and its mirror image
        (test-time augmentation; the mean of logits).
        """
        tensor = torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)
        both = torch.stack([tensor, tensor.flip(-1)])
        logits = self.network(both, torch.full((2,), float(elevation_deg)),
                              torch.full((2,), float(radius)))
        return ((logits[0] + logits[1].flip(-1)) / 2).sigmoid().numpy()

    def predict(self, rgba: FloatArray, elevation_deg: float, radius: float) -> ShapePrediction:
        """See the module's function `predict`."""
        if rgba.ndim != 3 or rgba.shape[0] != rgba.shape[1] or rgba.shape[2] != 4:
            raise ValueError(f"a square RGBA image is needed, not an array of shape {rgba.shape}")
        image = resized(rgba)
        silhouette = silhouette_rays(image[..., 3])
        probability = self.calibration(self.raw_probabilities(image, elevation_deg, radius))
        return ShapePrediction(probability * silhouette, silhouette, float(elevation_deg),
                               float(radius))


def resized(rgba: FloatArray) -> npt.NDArray[np.float32]:
    """A square premultiplied image at `IMAGE_SIZE`: area average down, bilinear up."""
    image = np.ascontiguousarray(rgba, np.float32)
    if image.shape[0] == IMAGE_SIZE:
        return image
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    mode = "area" if image.shape[0] > IMAGE_SIZE else "bilinear"
    return F.interpolate(tensor, size=(IMAGE_SIZE, IMAGE_SIZE), mode=mode)[0].permute(
        1, 2, 0).numpy()


def silhouette_rays(alpha: FloatArray) -> npt.NDArray[np.bool_]:
    """64 x 64: cells in which any of the 128 x 128 pixels is covered."""
    cell = IMAGE_SIZE // RAYS
    return alpha.reshape(RAYS, cell, RAYS, cell).max((1, 3)) > MIN_ALPHA


def load(folder: Path = WEIGHTS) -> ShapePredictor:
    """The network and the calibration stored in `folder` (`weights.safetensors`,
    `calibration.json`; without the latter probabilities stay uncalibrated)."""
    network = ShapeNetwork()
    state = load_file(folder / "weights.safetensors")
    network.load_state_dict({name: value.float() for name, value in state.items()})
    network.eval().requires_grad_(False)
    path = folder / "calibration.json"
    if not path.exists():
        return ShapePredictor(network, IDENTITY)
    stored = json.loads(path.read_text(encoding="utf-8"))
    return ShapePredictor(network, Calibration(np.array(stored["predicted"]),
                                               np.array(stored["observed"])))


@cache
def published_predictor() -> ShapePredictor:
    """The predictor with the published weights, loaded once."""
    return load()


def predict(rgba: FloatArray, elevation_deg: float, radius: float) -> ShapePrediction:
    """Occupancy probabilities of the object in `rgba`, in the input camera's frustum.

    `rgba`: square H x W x 4 float image, sRGB in [0, 1], premultiplied by its alpha, as the camera
    at azimuth 0, `elevation_deg` and `radius` (1.5 to 2.2 in training) sees it with its field of
    view of 49.13 degrees. For the geometry see `ShapePrediction`. Takes about 0.1 s of one core.
    Raises `ValueError` if the image is not square RGBA.
    """
    return published_predictor().predict(rgba, elevation_deg, radius)


