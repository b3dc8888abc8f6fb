# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh from the shape network alone: predicted occupancy, its surface, the photo as texture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..mesh.photo import Photo, bilinear, fill_unknown
from ..mesh.surface import mesh_volume
from ..mesh.textured import TexturedMesh
from ..shape.surface import ISO_VALUE, occupancy_grid
from .clock import Clock
from .extraction import bake_texture
from .posed_images import require_silhouette
from .settings import ReconstructionSettings
from .shape_network import predict_shape

if TYPE_CHECKING:
    from .preview import Previews

PREVIEW_FACES = 5000
"""Triangles of the mesh that is shown while views are sampled: enough for its outline."""


def show_prediction(photo: Photo, settings: ReconstructionSettings, previews: Previews) -> None:
    """Show the mesh that the shape network predicts, in the photo's colours on all sides.

    Raises:
        EngineError: `BAD_INPUT` if the photo shows no object; `MODEL_MISSING` without the network's
            weights.
    """
    require_silhouette(photo)
    grid = occupancy_grid(predict_shape(photo, settings), photo.rgba[..., 3])
    mesh = mesh_volume(grid.values, ISO_VALUE, (grid.low,) * 3, grid.voxel_size, PREVIEW_FACES)
    pixels, _ = photo.project(mesh.vertices)
    colour = fill_unknown(photo.rgba[..., :3], photo.rgba[..., 3] > 0.95)
    previews.show_mesh(mesh, np.stack(
        [bilinear(colour[..., channel], pixels) for channel in range(3)], axis=1).clip(0, 1))


def mesh_from_photo(photo: Photo, settings: ReconstructionSettings, clock: Clock) -> TexturedMesh:
    """The mesh that the shape network predicts, textured by the photo and its continuation.

    Raises:
        EngineError: `BAD_INPUT` if the photo shows no object; `MODEL_MISSING` without the network's
            weights.
    """
    require_silhouette(photo)
    with clock.stage("shape"):
        prediction = predict_shape(photo, settings)
    with clock.stage("surface"):
        grid = occupancy_grid(prediction, photo.rgba[..., 3])
        mesh = mesh_volume(grid.values, ISO_VALUE, (grid.low,) * 3, grid.voxel_size,
                           settings.faces)
    return bake_texture(mesh, None, photo, settings.texture_size, clock)
