# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate the shape network's probabilities on the held-out objects.

    python -m engine.training.shape.calibrate WEIGHTS_FOLDER DATA

Fits a monotone map from the predicted probability to the observed share of occupied places and
writes it to `calibration.json` beside the weights. The printed errors are those of a map that was
fitted on the other views than the ones it is measured on; the stored map is fitted on all views.
"""

from __future__ import annotations

import argparse
import json
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
TEST_VIEW = 3
"""View of each held-out object on which the calibration error is measured."""


def held_out_frustum(predictor: ShapePredictor, folder: ShardFolder, item: Item,
                     view: int) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Uncalibrated probabilities, occupied shares (64 x 64 x 64 each) and the silhouette's rays."""
    image = premultiplied(folder.image(item, view))
    _, elevation, radius = item.cameras[view]
    raw = predictor.raw_probabilities(image, elevation, radius)
    return raw, folder.target(item, view) / MAX_COUNT, silhouette_rays(image[..., 3])


def fit_calibration(predictor: ShapePredictor, folder: ShardFolder,
                    views: tuple[int, ...]) -> Calibration:
    """Isotonic regression of the occupied share on the probability; each view weighs the same."""
    edges = np.linspace(-MAX_LOG_ODDS - 2, MAX_LOG_ODDS + 2, CLASSES + 1)
    weight, occupied = np.zeros(CLASSES + 2), np.zeros(CLASSES + 2)
    for item in folder.held_out:
        for view in views:
            raw, target, rays = held_out_frustum(predictor, folder, item, view)
            probability = raw[:, rays].ravel().clip(1e-6, 1 - 1e-6)
            cell = np.digitize(np.log(probability / (1 - probability)), edges)
            share = 1 / len(cell)
            weight += np.bincount(cell, minlength=CLASSES + 2) * share
            occupied += np.bincount(cell, target[:, rays].ravel(), CLASSES + 2) * share
    seen = weight > 0
    centres = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])[seen]
    fitted = isotonic_regression(occupied[seen] / weight[seen], weights=weight[seen]).x
    log_odds = np.linspace(-MAX_LOG_ODDS, MAX_LOG_ODDS, KNOTS)
    observed = np.interp(log_odds, centres, fitted)
    return Calibration(np.array([0, *(1 / (1 + np.exp(-log_odds))), 1]),
                       np.array([0, *observed, observed[-1]]))


def calibration_errors(predictor: ShapePredictor, calibration: Calibration, folder: ShardFolder,
                       view: int = TEST_VIEW) -> dict[str, float]:
    """Expected calibration error (ten classes) and Brier score, before and after calibration."""
    raw_found, truth = [], []
    for item in folder.held_out:
        raw, target, rays = held_out_frustum(predictor, folder, item, view)
        raw_found.append(raw[:, rays].ravel())
        truth.append(target[:, rays].ravel())
    before, observed = np.concatenate(raw_found), np.concatenate(truth)
    result = {}
    for name, found in (("raw", before), ("calibrated", calibration(before))):
        cell = (found * 10).astype(int).clip(0, 9)
        gap = np.abs(np.bincount(cell, found, 10) - np.bincount(cell, observed, 10))
        result[f"{name}_ece"] = round(float(gap.sum() / len(found)), 5)
        result[f"{name}_brier"] = round(float(((found - observed) ** 2).mean()), 5)
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Calibrate the shape network.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    predictor, folder = load(args.weights), ShardFolder(args.data)
    others = tuple(view for view in range(4) if view != TEST_VIEW)
    errors = calibration_errors(predictor, fit_calibration(predictor, folder, others), folder)
    fitted = fit_calibration(predictor, folder, (0, 1, 2, 3))
    content = {"predicted": fitted.predicted.round(6).tolist(),
               "observed": fitted.observed.round(6).tolist(), "errors": errors}
    (args.weights / "calibration.json").write_text(json.dumps(content), encoding="utf-8")
    print(errors)


if __name__ == "__main__":
    main()
