# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reprojects the input image into other views by the predicted shape.

Within about 75 degrees of the input camera, the image shows most of the visible surface in more
detail than a model's view. The image is projected onto the predicted surface and rendered from the
target camera; where it can be trusted, it replaces the model's colours. The outline of a blurred
view is combined with the predicted silhouette.

The constants were chosen on objects held out from all trainings, see docs/shape-network.md.
Matching the image's exposure to the model's view, over the whole image or locally, and carrying
over only its high frequencies were worse there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians, tan

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import expit, logit

from ..camera import FOV_DEG, camera_position, camera_to_world
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo, PhotoProjection, fill_unknown
from ..mesh.raster import rasterise
from ..mesh.surface import mesh_volume
from ..mesh.triangles import FloatArray, Triangles
from .geometry import RAYS, REACH, image_rays
from .prediction import predict
from .surface import ISO_VALUE, occupancy_grid

FACES = 12000
"""Maximum number of triangles of the surface; finer than the network's rays."""
SUPERSAMPLING = 2
"""Samples along each side of a pixel."""


@dataclass(frozen=True)
class DetailConfig:
    """Constants for combining the image and a model's view."""

    full_turn_deg: float = 60.0
    """Angle between the cameras up to which the image is fully used."""
    max_turn_deg: float = 90.0
    """Angle from which it is not used."""
    outline: tuple[float, float, float] | None = (0.25, 0.95, 1.03)
    """Logistic regression of whether a pixel shows the object: weights of the log-odds of the
    model's alpha and of the predicted silhouette, and a constant. None keeps the model's outline.
    Fitted on 35 held-out objects; either half of them gives nearly the same numbers."""
    alpha_blur: float = 0.5 / 128
    """Standard deviation of the Gaussian that smooths the alpha, relative to the image's side."""
    alpha_range: tuple[float, float] = (0.2, 0.9)
    """Smoothed alpha that becomes 0 and 1, so that the fringe of a blurred view becomes an
    outline. A narrower range makes it crisper and is further from the truth where the outline is
    uncertain."""


BLURRED_VIEWS = DetailConfig()
"""The constants for models that regress blurred views, such as nano."""
SHARP_VIEWS = DetailConfig(full_turn_deg=30.0, max_turn_deg=60.0, outline=None,
                           alpha_range=(0.3, 0.7))
"""The constants for models with detailed, sharp views. These cautious values were not measured."""
BLURRED_SIZE = 128
"""Side in pixels of views up to which they count as blurred."""
MIN_PROBABILITY = 0.02
"""Probabilities are limited to this and 1 minus this before their log-odds are taken."""
DEPTHS = 96
"""Samples along a ray of a silhouette, two thirds of a bin of the prediction apart."""


@dataclass(frozen=True)
class SeenImage:
    """The input image on the predicted surface, as seen by a target camera."""

    colour: npt.NDArray[np.float32]
    """S x S x 3 in [0, 1], sRGB; 0 where nothing is seen."""
    confidence: npt.NDArray[np.float32]
    """S x S in [0, 1]: confidence of the colour."""


class Reprojection:
    """The input image on the shape that the network predicts from it."""

    def __init__(self, rgba: FloatArray, elevation_deg: float, radius: float) -> None:
        """`rgba`: square H x W x 4, premultiplied, from the camera at azimuth 0."""
        matrix = camera_to_world(0.0, elevation_deg, radius)
        photo = Photo(rgba, matrix, 1 / tan(radians(FOV_DEG) / 2))
        self.prediction = predict(rgba, elevation_deg, radius)
        grid = occupancy_grid(self.prediction, rgba[..., 3])
        self.mesh = mesh_volume(grid.values, ISO_VALUE, (grid.low,) * 3, grid.voxel_size, FACES)
        self.eye = camera_position(0.0, elevation_deg, radius)
        self._projection = PhotoProjection(photo, self.mesh)

    def seen_from(self, azimuth_deg: float, elevation_deg: float, radius: float,
                  size: int) -> SeenImage:
        """The image on the surface as seen by a camera, size x size pixels."""
        fine = size * SUPERSAMPLING
        position, normal, pixel = _visible_points(
            self.mesh, camera_to_world(azimuth_deg, elevation_deg, radius), fine)
        colour, confidence = self._projection.look(position, normal)
        sums = np.zeros((fine * fine, 5), np.float32)
        sums[pixel, :3] = colour * confidence[:, None]
        sums[pixel, 3], sums[pixel, 4] = confidence, 1
        sums = sums.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 5).sum((1, 3))
        weight = np.maximum(sums[..., 3:4], 1e-6)
        return SeenImage(sums[..., :3] / weight, sums[..., 3] / np.maximum(sums[..., 4], 1))

    def silhouette(self, azimuth_deg: float, elevation_deg: float, radius: float,
                   size: int) -> npt.NDArray[np.float32]:
        """Probability, size x size, that the predicted shape covers a pixel: the largest along its
        ray. It is computed for `RAYS` x `RAYS` rays and is linear in between."""
        eye, directions = image_rays(azimuth_deg, elevation_deg, radius, RAYS)
        distances = np.linspace(radius - REACH, radius + REACH, DEPTHS)[:, None, None, None]
        found = self.prediction.sample(eye + distances * directions).max(axis=0)
        return cv2.resize(found, (size, size), interpolation=cv2.INTER_LINEAR)


def _visible_points(mesh: Triangles, matrix: FloatArray,
                    size: int) -> tuple[FloatArray, FloatArray, npt.NDArray[np.integer]]:
    """The nearest surface point of each pixel that shows the mesh: K x 3 positions, K x 3 unit
    normals, K pixel numbers (row * size + column).

    `matrix`: camera to world, of a camera of `engine.camera`.
    """
    camera = Photo(np.zeros((size, size, 4)), matrix, 1 / tan(radians(FOV_DEG) / 2))
    where, depth = camera.project(mesh.vertices)
    inverse = (1 / depth)[mesh.faces][..., None]
    values = np.concatenate([mesh.vertices, mesh.vertex_normals], axis=1)[mesh.faces]
    nearest = np.zeros(size * size)
    found = np.zeros((size * size, 6))
    for fragments in rasterise(where[mesh.faces], size):
        # Perspective: 1 / depth and value / depth vary linearly across the image.
        near = fragments.interpolate(inverse)[:, 0]
        best = np.zeros(size * size)
        np.maximum.at(best, fragments.pixel, near)
        front = np.flatnonzero((near >= best[fragments.pixel]) & (near > nearest[fragments.pixel]))
        pixel = fragments.pixel[front]
        nearest[pixel] = near[front]
        found[pixel] = (fragments.interpolate(values * inverse)[front] / near[front, None])
    pixel = np.flatnonzero(nearest)
    normal = found[pixel, 3:]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return found[pixel, :3], normal, pixel


def add_detail(views: ViewSet, rgba: FloatArray, elevation_deg: float, radius: float,
               config: DetailConfig | None = None) -> ViewSet:
    """Views in which the input image replaces the model's colours where it shows the same surface.

    `rgba`: the input image, square H x W x 4, premultiplied, from the camera at azimuth 0; twice
    the views' size is enough. The default of `config` follows the size of the views.
    """
    size = views.images.shape[1]
    config = config or (BLURRED_VIEWS if size <= BLURRED_SIZE else SHARP_VIEWS)
    shape = Reprojection(rgba, elevation_deg, radius)
    images = np.empty_like(views.images)
    for i, image in enumerate(views.images):
        camera = views.azimuth_deg[i], views.elevation_deg[i], views.radius[i]
        position = camera_position(*camera)
        cosine = position @ shape.eye / np.linalg.norm(position) / np.linalg.norm(shape.eye)
        turn_deg = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        silhouette = shape.silhouette(*camera, size) if config.outline else None
        images[i] = blend(image, shape.seen_from(*camera, size), silhouette, turn_deg, config)
    return replace(views, images=images)


def blend(view: FloatArray, seen: SeenImage, silhouette: FloatArray | None, turn_deg: float,
          config: DetailConfig) -> npt.NDArray[np.float32]:
    """One view (S x S x 4, premultiplied) with the image's detail; the same shape.

    `silhouette`: S x S, see `Reprojection.silhouette`; None or all 0 keeps the model's outline.
    `turn_deg`: angle between the input camera and that of the view.
    """
    alpha = view[..., 3]
    own = fill_unknown(view[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha > 0.5)
    weight = seen.confidence * (1 - _smoothstep(
        np.array(turn_deg), config.full_turn_deg, config.max_turn_deg))
    colour = own + weight[..., None] * (seen.colour - own)
    if config.outline and silhouette is not None and silhouette.any():
        of_view, of_shape, constant = config.outline
        alpha = expit(of_view * _log_odds(alpha) + of_shape * _log_odds(silhouette) + constant)
    alpha = ndimage.gaussian_filter(alpha, config.alpha_blur * len(view))
    alpha = _smoothstep(alpha, *config.alpha_range)[..., None]
    return np.concatenate([colour.clip(0, 1) * alpha, alpha], axis=2).astype(np.float32)


def _log_odds(probability: FloatArray) -> FloatArray:
    return logit(np.clip(probability, MIN_PROBABILITY, 1 - MIN_PROBABILITY))


def _smoothstep(value: FloatArray, low: float, high: float) -> FloatArray:
    """0 up to `low`, 1 from `high` on, smooth in between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share**2 * (3 - 2 * share)
