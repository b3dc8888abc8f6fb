# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstructions with their settings and context as keyword arguments; images of known shapes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch

from engine import camera, reconstruction
from engine.fields.voxel_grid import VoxelGrid
from engine.imaging.view_set import ViewSet
from engine.reconstruction import Reconstruction, ReconstructionSettings, RunContext
from engine.reconstruction.fit import Fit, FitTask, fit_field
from engine.reconstruction.posed_images import PosedImages
from engine.reconstruction.trainer import TrainingRun

SETTINGS = {field.name for field in fields(ReconstructionSettings)}


def split(options: dict[str, Any]) -> tuple[ReconstructionSettings, RunContext]:
    """Keyword arguments as settings, and the others as context."""
    chosen = {name: value for name, value in options.items() if name in SETTINGS}
    others = {name: value for name, value in options.items() if name not in SETTINGS}
    return ReconstructionSettings(**chosen), RunContext(**others)


def reconstruct(views: ViewSet, photo: np.ndarray | None = None,
                **options: Any) -> Reconstruction:
    settings, context = split(options)
    return reconstruction.reconstruct(views, settings, context, photo)


def reconstruct_by_score(pipeline: Any, photo: np.ndarray, method: str = "sds",
                         **options: Any) -> Reconstruction:
    settings, context = split({**options, "pipeline": pipeline})
    return reconstruction.reconstruct_by_score(method, photo, settings, context)


def posed_images(views: ViewSet) -> PosedImages:
    """Views as trusted images."""
    count = len(views)
    return PosedImages(torch.from_numpy(views.images).float(),
                       torch.from_numpy(views.camera_to_world).float(), camera.FOV_DEG,
                       torch.ones(count), torch.ones(count, dtype=torch.bool))


def fit_images(images: PosedImages, voxel_grid: VoxelGrid, iterations: int) -> Fit:
    """A fit without alignment of the hull's grid."""
    run = TrainingRun(torch.Generator().manual_seed(0))
    return fit_field(FitTask(images, voxel_grid), iterations, run)
