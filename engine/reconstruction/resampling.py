# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second samples of the views that disagree with the others.

A model that samples from a distribution may show a right side with another seed where it showed a
wrong one. The view weights of a quick fit (`view_weights.py`) say which views are doubtful, and
which of two samples of a view agrees better with the other views.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..core.reporting import SilentReporter
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo
from .posed_images import images_of_views, usable_views
from .settings import single_thread
from .view_weights import rate_views

MAX_SHARE = 0.3
"""Largest share of the views that is sampled again, so that all views together take at most 1.3
times the UNet evaluations."""


def weights_of_views(views: ViewSet, photo: Photo | None, seed: int) -> Tensor:
    """The weight (N, in [0, 1]) of each of N views by its agreement with the others; 0 for a view
    without an object or without background.
    """
    weights = torch.zeros(len(views))
    usable = torch.from_numpy(usable_views(views))
    if usable.any():
        images = images_of_views(views, photo, SilentReporter())
        with single_thread():
            weights[usable] = rate_views(images, seed)[:int(usable.sum())]
    return weights


def doubtful_views(weights: Tensor) -> npt.NDArray[np.integer]:
    """Indices of the views to sample again, ascending: those of the lowest weights below 1, at most
    `MAX_SHARE` of all.
    """
    lowest = torch.argsort(weights, stable=True)[:int(MAX_SHARE * len(weights))]
    return np.sort(lowest[weights[lowest] < 1].numpy())


def better_views(views: ViewSet, weights: Tensor, again: ViewSet,
                 indices: npt.NDArray[np.integer], photo: Photo | None, seed: int) -> ViewSet:
    """The views with those second samples that agree better with the others than the first ones.

    Args:
        weights: (N), of `views`.
        again: second samples of the views at `indices`, in their order.
    """
    images = views.images.copy()
    images[indices] = again.images
    tried = weights_of_views(replace(views, images=images), photo, seed)
    better = (tried > weights).numpy()[indices]
    images[indices[~better]] = views.images[indices[~better]]
    kept = [int(index) for index in indices[better]]
    return replace(views, images=images, meta={**views.meta, "resampled": kept})
