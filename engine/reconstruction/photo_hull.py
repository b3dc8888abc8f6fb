# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Space carving: finds the voxels of a solid that the colours of the views rule out.

Silhouettes fill every hollow, and a fit that starts from them paints what lies inside a bowl on its
lid. But a surface point has one colour for all views that see it, so where views disagree there is
no surface (Kutulakos and Seitz 2000). Voxels are removed from the outside inwards; what remains is
the photo hull. From there the surface moves on inwards as long as the views agree better below it,
until walls have about their true thickness.

Colours are compared over patches of the surface. On a surface, the mean colours of a patch differ
little between views, however fine its print; below a filled opening they differ, however uniform
its colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage, sparse
from scipy.spatial import cKDTree
from torch import Tensor

from ..fields.occupancy import Occupancy
from ..fields.ray_marching import occupied_samples
from ..fields.rays import camera_rays, project
from ..fields.voxel_grid import VoxelGrid
from .posed_images import PosedImages


@dataclass(frozen=True)
class CarvingConfig:
    """Constants of the carving. They trade hollows that stay filled against walls that are lost;
    colours lie in [0, 1] per channel."""

    patch_radius: float = 2.5
    """Voxels from the centre of a patch to its edge."""
    min_normal_cosine: float = 0.5
    """Minimum cosine between the normals of a patch's voxels and that of its centre."""
    majority: float = 0.6
    """Share of a patch's voxels that must be inconsistent for its centre, and with it the patch's
    inconsistent voxels, to be removed: hollows are wide, errors are not."""
    deepening_majority: float = 0.4
    """The same share, for patches beside voxels that are already removed."""
    neighbourhood: int = 2
    """Distance from removed voxels, in voxels, within which `deepening_majority` applies."""
    min_views: int = 3
    """Minimum number of views for a photo-consistency test."""

    min_voxels: int = 8
    """Minimum number of a patch's voxels that a view must see for the mean colour."""
    colour_tolerance: float = 0.001
    """Difference of a patch's mean colours that is ignored."""
    range_tolerance: float = 0.7
    """Share of the colour range around a pixel that is ignored as well, because surfaces are known
    only to about a voxel."""
    range_blur: float = 1.5
    """Standard deviation in pixels of the blur before that range is taken: patches average what is
    finer."""
    min_opacity: float = 0.1
    """Opacity from which a pixel has the object's colour."""
    min_agreement: float = 0.9
    """Share of the views that must see the same colour; the others may look past an edge."""

    depths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    """Depths below a surface, in voxels, at which the views' agreement is compared."""
    carve_ratio: float = 1.3
    """A voxel that is not a surface is removed if the colour variance below it is at most this
    ratio of its own. Below a true surface the variance rises more."""
    accept_ratio: float = 0.9
    """The same ratio for moving the surface inwards beside removed voxels."""
    colour_noise: float = 0.001
    """Colour difference between consistent views, due to noise."""
    outlier_threshold: float = 0.03
    """Colour difference above which a view is an outlier; larger differences are clamped."""

    min_facing: float = 0.1
    """Cosine between a surface normal and the direction to a camera that sees the surface."""
    depth_tolerance: float = 0.9
    """Voxels that a visible point may lie behind the end of a pixel's line of sight."""
    ray_step: float = 0.5
    """Distance between samples along a line of sight, voxels."""
    max_unreliable_ratio: float = 0.4
    """Inconsistent share of the initial surface from which on the views themselves are inconsistent
    and nothing is removed."""
    consistent_ratio: float = 0.12
    """Inconsistent share of the final surface up to which the views show one object."""
    expected_gain: tuple[float, float] = (0.84, 0.975)
    """Carving is accepted only if it lowers the colour difference below this ratio, interpolated
    between (everything removed, nothing removed): with views of different objects, each of them
    also differs on what remains."""
    fringe_voxels: int = 2
    """Voxels around the removed ones, and not around the remaining ones, that are removed with
    them: haze in front of the surface."""
    max_residual: float = 0.0005
    """Share of the surface's voxels that may remain inconsistent."""
    max_iterations: int = 80
    """Maximum number of layers removed one after the other."""


CONFIG = CarvingConfig()


@dataclass(frozen=True)
class CarveMask:
    """The voxels that the views' colours rule out, and the consistency of the remaining surface."""

    mask: Tensor
    """X x Y x Z bool: voxels without a surface, with the haze in front of them."""
    inconsistent_ratio: float
    """Share of the remaining surface where views disagree, in [0, 1]."""

    @property
    def is_consistent(self) -> bool:
        """Whether the views show one object, as renderings do, unlike a small model's views."""
        return self.inconsistent_ratio <= CONFIG.consistent_ratio


@torch.no_grad()
def find_carve_mask(solid: Tensor, images: PosedImages, voxel_grid: VoxelGrid, pixels: int,
                    max_unreliable_ratio: float = CONFIG.max_unreliable_ratio) -> CarveMask:
    """The voxels of a solid (X x Y x Z bool, on the grid) that the images' colours rule out.

    `pixels`: side of the images in which visibility is computed. No voxel is ruled out if the
    views disagree everywhere (see `CarvingConfig.max_unreliable_ratio`) or still disagree at the
    end, as those of a small model do.
    """
    views = _Views(images)
    sight = _Visibility(solid, images, voxel_grid, pixels)
    depths = [depth * voxel_grid.voxel_size for depth in CONFIG.depths]
    nothing = torch.zeros_like(solid)
    if not solid.any():
        return CarveMask(nothing, 1.0)
    whole = sight.surface(solid, surface_of(solid))
    untouched = CarveMask(nothing, _inconsistent_ratio(whole, views))
    if untouched.inconsistent_ratio > max_unreliable_ratio:
        return untouched
    left = _carved(solid, sight, surface_of(solid), CONFIG.majority, lambda surface: (
        _is_inconsistent(surface, views)
        & _agrees_below(surface, views, depths, CONFIG.carve_ratio)))
    opened = surface_of(left) & _dilated(solid & ~left, CONFIG.neighbourhood)
    left = _carved(left, sight, opened, CONFIG.deepening_majority, lambda surface: (
        _agrees_below(surface, views, depths, CONFIG.accept_ratio)))
    carved = sight.surface(left, surface_of(left))
    gain = np.interp(float(left.sum() / solid.sum()), (0, 1), CONFIG.expected_gain)
    if not _difference(carved, views) <= gain * _difference(whole, views):
        return untouched  # also if no remaining voxel is seen: the difference is NaN then
    gone = solid & ~left
    fringe = CONFIG.fringe_voxels
    return CarveMask(gone | (_dilated(gone, fringe) & ~_dilated(left, fringe)),
                     _inconsistent_ratio(carved, views))


def surface_of(solid: Tensor) -> Tensor:
    """The voxels of a solid with an empty one among their 26 neighbours: X x Y x Z bool."""
    inner = ndimage.minimum_filter(solid.numpy(), 3, mode="constant", cval=0)
    return solid & ~torch.from_numpy(inner)


@dataclass
class _Surface:
    """P voxels of a surface, and the views that see them."""

    points: Tensor
    """P x 3, world."""
    normals: Tensor
    """P x 3, outwards."""
    sees: Tensor
    """P x N bool, of N views."""
    patches: _Patches
    solid: Occupancy
    """The solid whose surface it is."""


def _carved(solid: Tensor, sight: _Visibility, exposed: Tensor, majority: float,
            is_wrong: Callable[[_Surface], Tensor]) -> Tensor:
    """The solid without wrong voxels, removed layer by layer from the exposed ones inwards.

    `is_wrong`: which voxels of a surface are wrong (P bool). They are removed where they are the
    majority of a patch.
    """
    left = solid.clone()
    surface = surface_of(left)
    residual = CONFIG.max_residual * int(surface.sum())
    for _ in range(CONFIG.max_iterations):
        if not exposed.any():
            break
        around = surface & _dilated(exposed, int(CONFIG.patch_radius))
        found = sight.surface(left, around)
        gone = is_wrong(found)
        sure = gone & (found.patches.sum(gone) > majority * found.patches.size)
        gone &= found.patches.sum(sure) > 0
        wrong = torch.zeros_like(solid)
        wrong[around] = gone
        wrong &= exposed
        if int(wrong.sum()) <= residual:
            break
        left &= ~wrong
        sight.extend(left, wrong)
        surface = surface_of(left)
        exposed = surface & _dilated(wrong, 1)
    return left


def _dilated(mask: Tensor, voxels: int) -> Tensor:
    """A mask (X x Y x Z bool) dilated by a number of voxels along every axis."""
    return torch.from_numpy(ndimage.maximum_filter(mask.numpy(), 2 * voxels + 1))


def _normals(solid: Tensor, where: Tensor) -> Tensor:
    """Outward unit normals (P x 3) of a solid at the P voxels of a mask."""
    blurred = ndimage.gaussian_filter(np.pad(solid.numpy().astype(np.float32), 1), 1.0)
    coords = where.nonzero().numpy() + 1
    slopes = []
    for axis in np.eye(3, dtype=int):
        behind, before = (tuple((coords + shift).T) for shift in (-axis, axis))
        slopes.append(blurred[behind] - blurred[before])
    return F.normalize(torch.from_numpy(np.stack(slopes, axis=-1)), dim=-1)


class _Views:
    """N images, and the range of their blurred colours on white around each pixel."""

    def __init__(self, images: PosedImages) -> None:
        self.rgba = images.rgba.permute(0, 3, 1, 2)
        on_white = self.rgba[:, :3] + 1 - self.rgba[:, 3:]
        blurred = torch.from_numpy(ndimage.gaussian_filter(
            on_white.numpy(), CONFIG.range_blur, axes=(2, 3)))
        self.ranges = F.max_pool2d(blurred, 3, 1, 1) + F.max_pool2d(-blurred, 3, 1, 1)
        self.cameras, self.fov_deg = images.camera_to_world, images.fov_deg

    def colours(self, points: Tensor) -> Tensor:
        """The object's colours (P x N x 3) in each image at points (P x 3)."""
        found = self._sample(self.rgba, points)
        return found[..., :3] / found[..., 3:].clamp_min(CONFIG.min_opacity)

    def ranges_of_colours(self, points: Tensor) -> Tensor:
        """The range of colours (P x N x 3) around points (P x 3) in each image."""
        return self._sample(self.ranges, points)

    def _sample(self, images: Tensor, points: Tensor) -> Tensor:
        """Values (P x N x C) of images (N x C x S x S) at points (P x 3)."""
        found = []
        for image, matrix in zip(images, self.cameras, strict=True):
            coords, _ = project(points, matrix, self.fov_deg)
            found.append(F.grid_sample(image[None], coords[None, None], align_corners=False,
                                       padding_mode="border")[0, :, 0].T)
        return torch.stack(found, dim=1)


class _Patches:
    """The patch around each of P voxels of a surface: near voxels that face the same way."""

    def __init__(self, coords: Tensor, normals: Tensor) -> None:
        near = torch.from_numpy(cKDTree(coords.numpy()).query_pairs(
            CONFIG.patch_radius, output_type="ndarray"))
        cosine = (normals[near[:, 0]] * normals[near[:, 1]]).sum(-1)
        one, other = near[cosine > CONFIG.min_normal_cosine].T
        each = torch.arange(len(coords))
        pairs = torch.cat([one, other, each]).numpy(), torch.cat([other, one, each]).numpy()
        self.members = sparse.csr_matrix(
            (np.ones(len(pairs[0]), np.float32), pairs), (len(coords), len(coords)))
        self.size = self.sum(torch.ones(len(coords)))
        """Numbers of voxels: P."""

    def sum(self, values: Tensor) -> Tensor:
        """The sums of values (P x ...) over the patches: P x ..."""
        flat = values.reshape(len(values), -1).float().numpy()
        return torch.from_numpy(self.members @ flat).reshape(values.shape)


class _Visibility:
    """Where the lines of sight of N cameras end."""

    def __init__(self, solid: Tensor, images: PosedImages, voxel_grid: VoxelGrid, pixels: int,
                 chunk: int = 65536) -> None:
        self.cameras, self.fov_deg = images.camera_to_world, images.fov_deg
        self.voxel_grid, self.pixels = voxel_grid, pixels
        self.points = voxel_grid.centres()
        self.rays = camera_rays(self.cameras, pixels, self.fov_deg, voxel_grid)
        self.step = CONFIG.ray_step * voxel_grid.voxel_size
        shell = Occupancy(surface_of(solid), voxel_grid)
        self.end = torch.full_like(self.rays.near, torch.inf)
        """Distances (N * pixels^2) from the cameras, infinite where nothing is seen."""
        for start in range(0, len(self.rays), chunk):
            part = slice(start, start + chunk)
            samples = occupied_samples(self.rays[part], shell, self.step)
            self.end[part].scatter_reduce_(0, samples.ray_indices, samples.distance, "amin")

    def extend(self, solid: Tensor, gone: Tensor) -> None:
        """Let the lines of sight that ended at removed voxels end at the solid behind them."""
        solid_there = Occupancy(solid, self.voxel_grid)
        gone_there = Occupancy(gone, self.voxel_grid)
        going = self.end.isfinite().nonzero()[:, 0]
        going = going[gone_there.contains(self._ends(going))]
        while len(going):
            self.end[going] += self.step
            past = self.end[going] > self.rays.far[going]
            self.end[going[past]] = torch.inf
            going = going[~past]
            going = going[~solid_there.contains(self._ends(going))]

    def _ends(self, rays: Tensor) -> Tensor:
        return self.rays.origins[rays] + self.end[rays, None] * self.rays.directions[rays]

    def surface(self, solid: Tensor, where: Tensor) -> _Surface:
        """The surface of a solid at the P voxels of a mask."""
        points, normals = self.points[where.flatten()], _normals(solid, where)
        sees = [self._sees(view, points, normals) for view in range(len(self.cameras))]
        return _Surface(points, normals, torch.stack(sees, dim=1),
                        _Patches(where.nonzero(), normals), Occupancy(solid, self.voxel_grid))

    def _sees(self, view: int, points: Tensor, normals: Tensor) -> Tensor:
        """Whether a camera sees points (P x 3) of a surface: P bool."""
        coords, _ = project(points, self.cameras[view], self.fov_deg)
        end = self.end.reshape(-1, self.pixels**2)[view, pixel_of(coords, self.pixels)]
        towards = self.cameras[view, :3, 3].to(points.dtype) - points
        distance = towards.norm(dim=-1)
        faces = (towards * normals).sum(-1) > CONFIG.min_facing * distance
        near = distance <= end + CONFIG.depth_tolerance * self.voxel_grid.voxel_size
        return (coords.abs() < 1).all(-1) & faces & near


def pixel_of(coords: Tensor, size: int) -> Tensor:
    """Indices (P) of the pixels, row by row from the top, at image coordinates (P x 2)."""
    x, y = ((coords + 1) / 2 * size).long().clamp_(0, size - 1).unbind(-1)
    return y * size + x


def _is_inconsistent(surface: _Surface, views: _Views) -> Tensor:
    """Whether too few of the views that see enough of a patch see the same colour: P bool."""
    seen, patches = surface.sees[..., None], surface.patches
    colours = views.colours(surface.points)
    number = patches.sum(surface.sees)
    off, tolerance = ((patches.sum(torch.where(seen, values, 0)) / number[..., None]).abs().amax(-1)
                      for values in (colours - _median(colours, seen),
                                     views.ranges_of_colours(surface.points)))
    counts = surface.sees & (number >= CONFIG.min_voxels)
    agrees = counts & (off <= CONFIG.colour_tolerance + CONFIG.range_tolerance * tolerance)
    return ((counts.sum(1) >= CONFIG.min_views)
            & (agrees.sum(1) < CONFIG.min_agreement * counts.sum(1)))


def _inconsistent_ratio(surface: _Surface, views: _Views) -> float:
    """The inconsistent share of a surface, in [0, 1]."""
    return float(_is_inconsistent(surface, views).float().mean())


def _agrees_below(surface: _Surface, views: _Views, depths: list[float], ratio: float) -> Tensor:
    """Whether the colour variance inside the solid, at one of the depths below the surface (world
    units), is at most `ratio` of that at the surface: P bool."""
    here = _variance(surface, views.colours(surface.points))
    better = torch.zeros(len(here), dtype=torch.bool)
    for depth in depths:
        points = surface.points - depth * surface.normals
        below = _variance(surface, views.colours(points))
        better |= surface.solid.contains(points) & (
            below + CONFIG.colour_noise**2 < ratio * (here + CONFIG.colour_noise**2))
    return better & _seen(surface)


def _seen(surface: _Surface) -> Tensor:
    """Whether enough views see a voxel for a consistency test: P bool."""
    return surface.sees.sum(1) >= CONFIG.min_views


def _difference(surface: _Surface, views: _Views) -> float:
    """Root mean square of the colour differences between views, over the patches seen enough."""
    variances = _variance(surface, views.colours(surface.points))
    return float(variances[_seen(surface)].mean().sqrt())


def _variance(surface: _Surface, colours: Tensor) -> Tensor:
    """Mean squared difference of colours (P x N x 3) between views, over the patches: P."""
    seen = surface.sees[..., None]
    off = (colours - _median(colours, seen)).square().clamp_max(CONFIG.outlier_threshold**2)
    total = surface.patches.sum(torch.where(seen, off, 0).sum((1, 2)))
    return total / surface.patches.sum(surface.sees.sum(1)).clamp_min(1)


def _median(colours: Tensor, seen: Tensor) -> Tensor:
    """The median (P x 1 x 3) of colours (P x N x 3) over the views that see them."""
    return torch.where(seen, colours, torch.nan).nanmedian(dim=1, keepdim=True).values
