# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Baselines for novel views: predictors that know training views but no geometry."""

from __future__ import annotations

import numpy as np

from ..camera import camera_to_world
from ..training.views import TrainingViews
from .views import Predictor, box_downsample

NEAREST_CAMERAS = 128
"""Number of training views whose mean is predicted for a pose: 0.5 % of nano's."""
THUMBNAIL = 16
"""Side of the images by which the nearest object is found, pixels."""


def copy_input(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Predicts the input image for every view."""
    return np.broadcast_to(image, (len(targets), *image.shape))


def mean_training_view(training: TrainingViews, count: int = NEAREST_CAMERAS) -> Predictor:
    """Predicts the mean of the `count` training views whose cameras are nearest to the target's.

    It uses neither the object nor the input view. The camera's absolute azimuth matters because
    artists' models mostly face the same direction.
    """
    views = _flat(training.rgb)
    cameras = camera_positions(training.pose.reshape(-1, 3))

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        means = []
        for position in camera_positions(targets):
            distance = np.square(cameras - position).sum(axis=-1)
            nearest = np.argpartition(distance, min(count, len(distance)) - 1)[:count]
            # Sorted, because the views are read from disk.
            means.append(views[np.sort(nearest)].mean(axis=0, dtype=np.float32) / 255)
        return np.stack(means)

    return predict


def nearest_training_object(training: TrainingViews) -> Predictor:
    """Predicts views of the training object that looks most like the input.

    The match is the training view with the smallest squared difference of thumbnails. Of its
    object, the view is predicted whose camera, relative to the match, is nearest to the target's
    camera relative to the input.
    """
    views, per_object = _flat(training.rgb), training.rgb.shape[1]
    thumbnails = np.concatenate([box_downsample(part, THUMBNAIL) for part in training.rgb])

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        thumbnail = box_downsample(image * 255, THUMBNAIL)
        error = np.square(thumbnails - thumbnail).mean(axis=(1, 2, 3))
        thing, matching = divmod(int(error.argmin()), per_object)
        there = training.pose[thing].copy()
        there[:, 0] += pose[0] - there[matching, 0]
        distance = np.linalg.norm(
            camera_positions(there) - camera_positions(targets)[:, None], axis=-1)
        return views[thing * per_object + distance.argmin(axis=1)].astype(np.float32) / 255

    return predict


def camera_positions(pose: np.ndarray) -> np.ndarray:
    """Azimuth and elevation in degrees and radius, (..., 3), to world coordinates, (..., 3)."""
    return camera_to_world(pose[..., 0], pose[..., 1], pose[..., 2])[..., :3, 3]


def _flat(rgb: np.ndarray) -> np.ndarray:
    return rgb.reshape(-1, *rgb.shape[2:])
