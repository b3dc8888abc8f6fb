# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrates the shape network's probabilities on the held-out objects.

    python -m engine.training.shape.calibrate WEIGHTS_FOLDER DATA

Fits a monotone map from the predicted probability to the observed share of occupied places and
writes it to `calibration.json` beside the weights. The errors are measured on view 3 of each
object, for a map that was fitted on views 0 to 2; the stored map is fitted on all four.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from ...shape.geometry import FloatArray
from ...shape.prediction import Calibration, ShapePredictor, load, silhouette_rays
from .dataset import MAX_COUNT, Item, ShardFolder, premultiplied

KNOTS = 41
"""Knots of the stored map, evenly spaced in log-odds from -8 to 8."""
MAX_LOG_ODDS = 8.0
CLASSES = 1000
"""Classes of the predicted log-odds in which occupied places are counted before the fit."""

EDGES = np.linspace(-MAX_LOG_ODDS - 2, MAX_LOG_ODDS + 2, CLASSES + 1)
CENTRES = np.concatenate([EDGES[:1], (EDGES[1:] + EDGES[:-1]) / 2, EDGES[-1:]])
"""Representative log-odds of the classes, including the two open ones at the ends."""


@dataclass(frozen=True)
class Counts:
    """Histogram of sample points by predicted log-odds; each view of an object has weight 1."""

    weight: FloatArray
    """Share of the points in each class: `CLASSES` + 2."""
    occupied: FloatArray
    """Share of the points times their occupied share."""
    squared: FloatArray
    """Share of the points times the square of their occupied share."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.weight + other.weight, self.occupied + other.occupied,
                      self.squared + other.squared)


def held_out_frustum(predictor: ShapePredictor, folder: ShardFolder, item: Item,
                     view: int) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Uncalibrated probabilities, occupied shares (64 x 64 x 64 each) and the silhouette's rays."""
    image = premultiplied(folder.image(item, view))
    _, elevation, radius = item.cameras[view]
    raw = predictor.raw_probabilities(image, elevation, radius)
    return raw, folder.target(item, view) / MAX_COUNT, silhouette_rays(image[..., 3])


def count_places(predictor: ShapePredictor, folder: ShardFolder, view: int) -> Counts:
    """Counts over the silhouettes' rays of one view of each held-out object."""
    total = Counts(*np.zeros((3, CLASSES + 2)))
    for item in folder.held_out:
        raw, target, rays = held_out_frustum(predictor, folder, item, view)
        probability, truth = raw[:, rays].ravel().clip(1e-6, 1 - 1e-6), target[:, rays].ravel()
        if not len(truth):
            continue
        cell = np.digitize(np.log(probability / (1 - probability)), EDGES)
        total += Counts(*(np.bincount(cell, values, CLASSES + 2) / len(truth)
                          for values in (None, truth, truth**2)))
    return total


def fit_calibration(counts: Counts) -> Calibration:
    """Isotonic regression of the occupied share on the predicted log-odds."""
    seen = counts.weight > 0
    fitted = isotonic_regression(counts.occupied[seen] / counts.weight[seen],
                                 weights=counts.weight[seen]).x
    log_odds = np.linspace(-MAX_LOG_ODDS, MAX_LOG_ODDS, KNOTS)
    observed = np.interp(log_odds, CENTRES[seen], fitted)
    return Calibration(np.array([0, *(1 / (1 + np.exp(-log_odds))), 1]),
                       np.array([0, *observed, observed[-1]]))


def calibration_errors(calibration: Calibration, counts: Counts) -> dict[str, float]:
    """Expected calibration error (ten classes) and Brier score, before and after calibration."""
    before = 1 / (1 + np.exp(-CENTRES))
    result = {}
    for name, found in (("raw", before), ("calibrated", calibration(before).astype(float))):
        cell = (found * 10).astype(int).clip(0, 9)
        gap = np.bincount(cell, counts.weight * found - counts.occupied, 10)
        brier = counts.weight * found**2 - 2 * counts.occupied * found + counts.squared
        total = counts.weight.sum()
        result[f"{name}_ece"] = round(float(np.abs(gap).sum() / total), 5)
        result[f"{name}_brier"] = round(float(brier.sum() / total), 5)
    return result


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Calibrate the shape network.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    predictor, folder = load(args.weights), ShardFolder(args.data)
    first, second, third, test = (count_places(predictor, folder, view) for view in range(4))
    fitted = first + second + third
    errors = calibration_errors(fit_calibration(fitted), test)
    published = fit_calibration(fitted + test)
    content = {"predicted": published.predicted.round(6).tolist(),
               "observed": published.observed.round(6).tolist(), "errors": errors}
    (args.weights / "calibration.json").write_text(json.dumps(content), encoding="utf-8")
    print(errors)


if __name__ == "__main__":
    main()
