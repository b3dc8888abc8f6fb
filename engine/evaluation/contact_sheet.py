# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: a row per object with its input and predicted views around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..training.shards import RenderedObject, on_white
from .views import Predictor, box_downsample

GAP = 4
"""Width of the white gap between images, pixels."""


def draw_sheet(objects: Sequence[RenderedObject], predict: Predictor, views: int, size: int,
               path: Path) -> None:
    """Write a PNG with a row per object: its view 0, then `views` predictions.

    The predicted cameras have the input's elevation and distance and are placed at equal steps of
    azimuth, the first one a step to the right of the input.

    `size`: side of an image, pixels.
    """
    rows = []
    for rendered in objects:
        image = box_downsample(on_white(rendered.rgba[0]).astype(np.float32) / 255, size)
        pose = rendered.pose[0]
        targets = np.tile(pose, (views, 1))
        targets[:, 0] += 360 * (np.arange(views) + 1) / views
        rows.append(np.concatenate([image[None], predict(image, pose, targets)]))
    grid = np.pad(np.stack(rows), ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=1)
    count, columns, height, width, _ = grid.shape
    sheet = grid.transpose(0, 2, 1, 3, 4).reshape(count * height, columns * width, 3)
    Image.fromarray(np.rint(sheet.clip(0, 1) * 255).astype(np.uint8)).save(path)
