# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects the input photo onto a mesh, with a confidence for each colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .raster import rasterise
from .triangles import FloatArray, Triangles


@dataclass(frozen=True)
class ProjectionConfig:
    """Constants for the confidence of a photo's colours on a surface.

    Wider limits smear pixels over surfaces that turn away; narrower ones discard visible colours.
    """

    min_facing: float = 0.25
    """Cosine between surface normal and viewing direction (75 degrees) below which the photo is
    not used."""
    full_facing: float = 0.7
    """Cosine (45 degrees) above which it is fully used."""
    edge_px: float = 3.0
    """Pixels from the silhouette, or from a step in depth, over which the photo fades in: pixels
    there mix the colours of two surfaces."""
    depth_step: float = 0.06
    """World units between neighbouring pixels' depths that count as a step. A surface at
    `min_facing` changes by 0.03 over three pixels of a 512 pixel photo."""
    depth_tolerance: float = 0.02
    """World units that a point may lie behind the depth map and still count as visible: about the
    size of a voxel."""


@dataclass
class Photo:
    """The input photo and the camera that took it."""

    rgba: FloatArray
    """S x S x 4 in [0, 1], premultiplied by alpha."""
    camera_to_world: FloatArray
    """4 x 4; the camera looks along -Z, Y is up."""
    focal: float
    """Focal length in units of half the photo's side."""

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Project world points (K x 3) into the image.

        Returns K x 2 pixel positions (x to the right, y down, pixel centres at .5) and K depths
        along the viewing direction.
        """
        local = (points - self.camera_to_world[:3, 3]) @ self.camera_to_world[:3, :3]
        depth = np.maximum(-local[:, 2], 1e-6)
        ndc = local[:, :2] * [1, -1] * (self.focal / depth)[:, None]
        return (ndc + 1) / 2 * len(self.rgba), depth


class PhotoProjection:
    """Colours of a photo at surface points of a mesh."""

    def __init__(self, photo: Photo, mesh: Triangles,
                 config: ProjectionConfig | None = None) -> None:
        self.photo, self.config = photo, config or ProjectionConfig()
        alpha = photo.rgba[..., 3]
        depth = depth_map(photo, mesh)
        shown = np.isfinite(depth)
        # Beside the mesh nothing counts as visible, so interpolation there must fall towards zero.
        self.depth = np.where(shown, depth, 0.0)
        whole = (alpha > 0.5) & shown & ~_steps(depth, self.config.depth_step)
        inside = ndimage.distance_transform_edt(whole)
        self.trust = np.clip((inside - 1) / self.config.edge_px, 0, 1)
        # Nearest opaque colour beyond the silhouette: interpolation must not mix in background.
        self.colour = fill_unknown(photo.rgba[..., :3] / np.maximum(alpha, 0.5)[..., None],
                                   alpha > 0.95)

    def look(self, points: FloatArray, normals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Colours (K x 3) and confidence (K, in [0, 1]) at points (K x 3) with normals (K x 3).

        The confidence is 0 where the photo does not show the point; the colour is then undefined.
        """
        config = self.config
        towards = self.photo.camera_to_world[:3, 3] - points
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        span = config.full_facing - config.min_facing
        facing = np.clip(((normals * towards).sum(axis=1) - config.min_facing) / span, 0, 1)
        colour, confidence = np.zeros((len(points), 3)), np.zeros(len(points))
        used = np.flatnonzero(facing)  # half of a surface or more turns away
        where, depth = self.photo.project(points[used])
        for i in range(3):
            colour[used, i] = bilinear(self.colour[..., i], where)
        visible = depth - bilinear(self.depth, where) <= config.depth_tolerance
        smooth = facing[used]**2 * (3 - 2 * facing[used])
        confidence[used] = smooth * bilinear(self.trust, where) * visible
        return colour, confidence


def depth_map(photo: Photo, mesh: Triangles) -> FloatArray:
    """Distances (S x S) along the viewing direction to the mesh; infinite where it is not seen."""
    size = len(photo.rgba)
    where, depth = photo.project(mesh.vertices)
    nearest = np.full(size * size, np.inf)
    for fragments in rasterise(where[mesh.faces], size):
        # Perspective: 1 / depth varies linearly across the image.
        inverse = fragments.interpolate((1 / depth)[mesh.faces][..., None])[:, 0]
        np.minimum.at(nearest, fragments.pixel, 1 / inverse)
    return nearest.reshape(size, size)


def _steps(depth: FloatArray, step: float) -> npt.NDArray[np.bool_]:
    """S x S: pixels that lie more than a step behind one of their eight neighbours."""
    return np.isfinite(depth) & (depth > ndimage.minimum_filter(depth, 3) + step)


def bilinear(image: FloatArray, where: FloatArray) -> FloatArray:
    """K values of an S x S image at pixel positions (centres at .5), border repeated."""
    return ndimage.map_coordinates(image, [where[:, 1] - 0.5, where[:, 0] - 0.5], order=1,
                                   mode="nearest")


def fill_unknown(image: FloatArray, known: npt.NDArray[np.bool_]) -> FloatArray:
    """The image with each unknown pixel replaced by the nearest known one, if there is any."""
    if not known.any():
        return image
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False,
                                                   return_indices=True)
    return image[rows, columns]
