# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that a field is fitted to, with their cameras."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from .. import camera
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from ..fields.rays import focal_ndc
from ..fields.voxel_grid import VoxelGrid
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo

PHOTO_WEIGHT = 3.0
"""Weight of the input photo against that of a generated view: only the photo is known to be right.
"""
BELIEVED_WEIGHT = 0.5
"""Minimum weight of a view that is used in decisions which cannot weight views."""
USABLE_COVERAGE = (1e-4, 0.95)
"""Share of an image's pixels that its object may cover; outside, there is no silhouette."""
FRAME_SIZE = 1.62
"""World units that the side of an image spans at an object's surface, a little in front of the
origin: 2 tan(FOV / 2) at a distance of 1.77."""
MIN_SHARPNESS = 1.5
"""Minimum number of pixels per voxel that a field is fitted to, if an image has them."""

FloatArray = npt.NDArray[np.floating]


@dataclass
class PosedImages:
    """N square images of one object, with their cameras."""

    rgba: Tensor
    """N x S x S x 4 in [0, 1], premultiplied."""
    camera_to_world: Tensor
    """N x 4 x 4."""
    fov_deg: float
    """Field of view of all cameras, degrees."""
    weight: Tensor
    """N; weights of the images in a loss. Below 1, also their votes on the hull."""
    trusted: Tensor
    """N bool; photos, as opposed to generated views: the object never leaves their silhouette, and
    their alignment is not corrected."""

    def to(self, device: torch.device) -> PosedImages:
        """The same images on a device."""
        return replace(self, rgba=self.rgba.to(device), weight=self.weight.to(device),
                       camera_to_world=self.camera_to_world.to(device),
                       trusted=self.trusted.to(device))

    def believed(self) -> PosedImages:
        """The images of at least `BELIEVED_WEIGHT`, for decisions that cannot use weights."""
        keep = self.weight >= min(BELIEVED_WEIGHT, float(self.weight.max()))
        if keep.all():
            return self
        return PosedImages(self.rgba[keep], self.camera_to_world[keep], self.fov_deg,
                           self.weight[keep], self.trusted[keep])

    def sharp_for(self, voxel_grid: VoxelGrid) -> PosedImages:
        """The images at about the sharpness that a field on a voxel grid can show.

        Only whole numbers of pixels are averaged: fractions would blur edges irregularly.
        """
        size = self.rgba.shape[1]
        factor = int(size / (MIN_SHARPNESS * pixels_for(voxel_grid)))
        return self.shrunk(size // max(1, factor))

    def shrunk(self, size: int) -> PosedImages:
        """The images averaged to size x size pixels, unless they are that small already."""
        if self.rgba.shape[1] <= size:
            return self
        smaller = F.interpolate(self.rgba.permute(0, 3, 1, 2), (size, size), mode="area")
        return replace(self, rgba=smaller.permute(0, 2, 3, 1).contiguous())


def pixels_for(voxel_grid: VoxelGrid) -> int:
    """Side in pixels of an image whose pixels are about as large as a voxel."""
    return round(FRAME_SIZE / voxel_grid.voxel_size)


def input_photo(rgba: FloatArray, fov_deg: float, elevation_deg: float, radius: float) -> Photo:
    """The input photo (S x S x 4, premultiplied) with its camera, at azimuth 0."""
    return Photo(np.asarray(rgba, np.float32), camera.camera_to_world(0.0, elevation_deg, radius),
                 focal_ndc(fov_deg))


def images_of_views(views: ViewSet, photo: Photo | None, reporter: Reporter) -> PosedImages:
    """The views that show an object, and the photo at their size.

    Views whose silhouette is empty or fills the image are left out with a warning.

    Raises:
        EngineError: `BAD_INPUT` if no view is usable.
    """
    usable = usable_views(views)
    if not usable.any():
        raise _no_silhouette("the views' masks contain", _coverage(views).max())
    if not usable.all():
        bad = ", ".join(str(i) for i in np.nonzero(~usable)[0])
        reporter.log("warning", f"views without an object or without background left out: {bad}")
    rgba = torch.from_numpy(views.images[usable])
    matrices = torch.from_numpy(views.camera_to_world[usable]).float()
    weight = torch.ones(len(rgba))
    if photo is not None:
        rgba = torch.cat([rgba, _resized(photo, rgba.shape[1])])
        matrices = torch.cat([matrices, torch.from_numpy(photo.camera_to_world).float()[None]])
        weight = torch.cat([weight, torch.tensor([PHOTO_WEIGHT])])
    return PosedImages(rgba, matrices, views.fov_deg, weight, trusted=weight == PHOTO_WEIGHT)


def usable_views(views: ViewSet) -> npt.NDArray[np.bool_]:
    """Which of N views have a silhouette: an object, and background around it."""
    coverage = _coverage(views)
    return (coverage > USABLE_COVERAGE[0]) & (coverage < USABLE_COVERAGE[1])


def _coverage(views: ViewSet) -> FloatArray:
    """Share of each view's pixels (N) that the object covers."""
    return (views.images[..., 3] > 0.5).mean(axis=(1, 2))


def image_of_photo(photo: Photo, size: int) -> PosedImages:
    """The photo alone, at size x size pixels.

    Raises:
        EngineError: `BAD_INPUT` if it shows no object, or no background.
    """
    require_silhouette(photo)
    return PosedImages(_resized(photo, size),
                       torch.from_numpy(photo.camera_to_world).float()[None], camera.FOV_DEG,
                       torch.ones(1), torch.ones(1, dtype=torch.bool))


def require_silhouette(photo: Photo) -> None:
    """Refuse a photo whose alpha shows no object, or no background (`BAD_INPUT`)."""
    coverage = float((photo.rgba[..., 3] > 0.5).mean())
    if not USABLE_COVERAGE[0] < coverage < USABLE_COVERAGE[1]:
        raise _no_silhouette("the image's mask contains", coverage)


def _resized(photo: Photo, size: int) -> Tensor:
    """1 x size x size x 4, premultiplied."""
    rgba = torch.from_numpy(photo.rgba[None]).permute(0, 3, 1, 2)
    resized = F.interpolate(rgba, (size, size), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1).clamp(0, 1)


def _no_silhouette(what: str, coverage: float) -> EngineError:
    shown = "nothing" if coverage <= USABLE_COVERAGE[0] else "no background"
    return EngineError(ErrorCode.BAD_INPUT, f"{what} {shown}",
                       "the alpha channel must be 1 on the object and 0 around it")
