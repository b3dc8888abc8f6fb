# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh from the shape network alone: predicted occupancy, its surface, the photo as texture."""

from __future__ import annotations

from ..mesh.photo import Photo
from ..mesh.surface import mesh_volume
from ..mesh.textured import TexturedMesh
from ..shape.surface import ISO_VALUE, occupancy_grid
from .clock import Clock
from .extraction import bake_texture
from .posed_images import require_silhouette
from .settings import ReconstructionSettings
from .shape_prior import predict_shape


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
