# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views' colours contradict: space carving (Kutulakos and Seitz 2000).

Silhouettes fill every hollow, and a fit that starts from there paints a bowl's lid with what is
below it. But a point of a surface has one colour for all views that see it: where they disagree,
nothing can be. Taken away from the outside in, what is left is the photo hull. There the surface
goes on inwards as long as views agree better below, until walls are about as thin as they are.

Colours are compared over patches of the surface: their means differ by little where the surface is,
however fine its print, and they differ below a lid, however evenly coloured.
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

PATCH = 2.5
"""Voxels from the middle of a patch to its edge."""
ALIKE = 0.5
"""Cosine between the normals of a patch's voxels and that of its middle, at least."""
MAJORITY = 0.6
"""Share of a patch's voxels that must be wrong for its middle to go, and with it those of them that
are wrong: hollows are wide, errors are not."""
MINORITY = 0.4
"""That share where a hollow is already: only the surface goes on inwards there."""
BESIDE = 2
"""Voxels beside what is gone where it does."""
LEAST_VIEWS = 3
"""Fewer tell nothing."""

FEWEST = 8
"""Voxels of a patch that a view must see, to tell its colour."""
TOLERANCE = 0.001
"""Difference of a patch's colours that says nothing."""
STEEPNESS = 0.7
"""Share of the range of colours around a pixel that says nothing either: surfaces are known to
about a voxel."""
BLUR = 1.5
"""Standard deviation in pixels of the blur before that range is taken: a patch averages what is
finer."""
LEAST_ALPHA = 0.1
"""Opacity from which on a pixel has the object's colour."""
AGREEING = 0.9
"""Share of the views that must see the same colour; the others may look past an edge."""

DEPTHS = (1.0, 2.0, 4.0, 8.0)
"""Voxels below a surface where views may agree better."""
LOSS = 1.3
"""Share of a disagreement that may be found there, below what is no surface: below one that is, it
is more."""
GAIN = 0.9
"""Share of it that is left there, if the surface is rather below."""
NOISE = 0.001
"""Difference between views' colours that is there always."""
OUTLYING = 0.03
"""Difference from which on a view rather sees something else, and counts no more."""

FACING = 0.1
"""Cosine between a surface's normal and the direction to a camera that sees it."""
REACH = 0.9
"""Voxels behind the point where a pixel's line of sight ends that it still sees."""
STEP = 0.5
"""Distance between samples along a line of sight, in voxels."""
SPREAD = 0.4
"""Share of a surface from which on disagreement is the views' own, and says nothing about it."""
AGREED = 0.12
"""Share of the surface that is left in the end, up to which views that disagree are exceptions."""
WORTH = (0.84, 0.975)
"""Share of the views' difference that may be there after carving, if all goes and if nothing goes,
and evenly in between: views of other objects each differ about what is left, too."""
SKIN = 2
"""Voxels beside what is gone, and not beside what is left, that go with it: a haze in front of it.
"""
REST = 0.0005
"""Share of a surface's voxels that may be wrong at the end."""
ROUNDS = 80
"""Voxels that are taken away one behind the other, at most."""


@dataclass(frozen=True)
class Contradictions:
    """What views contradict, and how far they agree on the rest."""

    where: Tensor
    """X x Y x Z bool: where a solid isn't, as views that see it there see different colours, with
    the haze in front of that."""
    share: float
    """Of the surface that is left, where views disagree."""

    @property
    def views_agree(self) -> bool:
        """Whether the views show one object, as renderings do and a small model's views don't."""
        return self.share <= AGREED


@torch.no_grad()
def find_contradictions(solid: Tensor, rgba: Tensor, camera_to_world: Tensor, fov_deg: float,
                        voxel_grid: VoxelGrid, pixels: int) -> Contradictions:
    """What the colours of N views say about a solid.

    `solid`: X x Y x Z bool, of the voxel grid; `rgba`: N x S x S x 4 in [0, 1], premultiplied;
    `camera_to_world`: N x 4 x 4; `pixels`: along the side of the pictures that tell what hides
    what. Nothing is contradicted, if the views disagree everywhere or still do at the end, as those
    of a model do.
    """
    pictures = _Pictures(rgba, camera_to_world, fov_deg)
    sight = _Sight(solid, camera_to_world, fov_deg, voxel_grid, pixels)
    depths = [depth * voxel_grid.voxel_size for depth in DEPTHS]
    nothing = torch.zeros_like(solid)
    if not solid.any():
        return Contradictions(nothing, 1.0)
    whole = sight.surface(solid, surface_of(solid))
    untouched = Contradictions(nothing, _share_disagreeing(whole, pictures))
    if untouched.share > SPREAD:
        return untouched
    left = _carved(solid, sight, surface_of(solid), MAJORITY, lambda surface: (
        _disagreeing(surface, pictures) & _agreeing_below(surface, pictures, depths, LOSS)))
    opened = surface_of(left) & _within(solid & ~left, BESIDE)
    left = _carved(left, sight, opened, MINORITY, lambda surface: (
        _agreeing_below(surface, pictures, depths, GAIN)))
    carved = sight.surface(left, surface_of(left))
    worth = np.interp(float(left.sum() / solid.sum()), (0, 1), WORTH)
    if not _difference(carved, pictures) <= worth * _difference(whole, pictures):
        return untouched  # also if nothing left is seen: a difference is nan then
    gone = solid & ~left
    return Contradictions(gone | (_within(gone, SKIN) & ~_within(left, SKIN)),
                          _share_disagreeing(carved, pictures))


def surface_of(solid: Tensor) -> Tensor:
    """X x Y x Z bool: voxels of a solid with an empty one among their 26 neighbours."""
    inner = ndimage.minimum_filter(solid.numpy(), 3, mode="constant", cval=0)
    return solid & ~torch.from_numpy(inner)


@dataclass
class _Surface:
    """P voxels of a surface, and who sees them."""

    points: Tensor
    """P x 3, world."""
    normals: Tensor
    """P x 3, outwards."""
    sees: Tensor
    """P x N bool, of N views."""
    patches: _Patches
    solid: Occupancy
    """Whose surface it is."""


def _carved(solid: Tensor, sight: _Sight, exposed: Tensor, majority: float,
            wrong_of: Callable[[_Surface], Tensor]) -> Tensor:
    """The solid without what is wrong (P bool, of a surface), voxel by voxel inwards from where
    its surface is exposed, wherever a majority of a patch is."""
    left = solid.clone()
    surface = surface_of(left)
    rest = REST * int(surface.sum())
    for _ in range(ROUNDS):
        if not exposed.any():
            break
        around = surface & _within(exposed, int(PATCH))
        found = sight.surface(left, around)
        gone = wrong_of(found)
        sure = gone & (found.patches.sum(gone) > majority * found.patches.size)
        gone &= found.patches.sum(sure) > 0
        wrong = torch.zeros_like(solid)
        wrong[around] = gone
        wrong &= exposed
        if int(wrong.sum()) <= rest:
            break
        left &= ~wrong
        sight.go_on(left, wrong)
        surface = surface_of(left)
        exposed = surface & _within(wrong, 1)
    return left


def _within(where: Tensor, voxels: int) -> Tensor:
    """X x Y x Z bool: a mask, and what is so near to it along every axis."""
    return torch.from_numpy(ndimage.maximum_filter(where.numpy(), 2 * voxels + 1))


def _normals(solid: Tensor, where: Tensor) -> Tensor:
    """P x 3 unit normals, outwards, of a solid at the P voxels of a mask."""
    blurred = ndimage.gaussian_filter(np.pad(solid.numpy().astype(np.float32), 1), 1.0)
    places = where.nonzero().numpy() + 1
    slopes = []
    for axis in np.eye(3, dtype=int):
        behind, before = (tuple((places + shift).T) for shift in (-axis, axis))
        slopes.append(blurred[behind] - blurred[before])
    return F.normalize(torch.from_numpy(np.stack(slopes, axis=-1)), dim=-1)


class _Pictures:
    """N pictures, and the range of their colours on white around each pixel, when blurred."""

    def __init__(self, rgba: Tensor, camera_to_world: Tensor, fov_deg: float) -> None:
        self.rgba = rgba.permute(0, 3, 1, 2)
        on_white = self.rgba[:, :3] + 1 - self.rgba[:, 3:]
        blurred = torch.from_numpy(ndimage.gaussian_filter(on_white.numpy(), BLUR, axes=(2, 3)))
        self.ranges = F.max_pool2d(blurred, 3, 1, 1) + F.max_pool2d(-blurred, 3, 1, 1)
        self.cameras, self.fov_deg = camera_to_world, fov_deg

    def colours(self, points: Tensor) -> Tensor:
        """P x N x 3, at P x 3 points: the object's, also where a pixel shows it in part."""
        found = self._look_up(self.rgba, points)
        return found[..., :3] / found[..., 3:].clamp_min(LEAST_ALPHA)

    def ranges_of_colours(self, points: Tensor) -> Tensor:
        """P x N x 3, at P x 3 points."""
        return self._look_up(self.ranges, points)

    def _look_up(self, pictures: Tensor, points: Tensor) -> Tensor:
        """P x N x C, of N x C x S x S pictures."""
        found = []
        for picture, matrix in zip(pictures, self.cameras, strict=True):
            where, _ = project(points, matrix, self.fov_deg)
            found.append(F.grid_sample(picture[None], where[None, None], align_corners=False,
                                       padding_mode="border")[0, :, 0].T)
        return torch.stack(found, dim=1)


class _Patches:
    """Around each of P voxels of a surface, those that face the same way."""

    def __init__(self, places: Tensor, normals: Tensor) -> None:
        near = torch.from_numpy(cKDTree(places.numpy()).query_pairs(PATCH, output_type="ndarray"))
        one, other = near[(normals[near[:, 0]] * normals[near[:, 1]]).sum(-1) > ALIKE].T
        each = torch.arange(len(places))
        pairs = torch.cat([one, other, each]).numpy(), torch.cat([other, one, each]).numpy()
        self.members = sparse.csr_matrix(
            (np.ones(len(pairs[0]), np.float32), pairs), (len(places), len(places)))
        self.size = self.sum(torch.ones(len(places)))
        """P numbers of voxels."""

    def sum(self, values: Tensor) -> Tensor:
        """P x ...: the sums of P x ... values over the patches."""
        flat = values.reshape(len(values), -1).float().numpy()
        return torch.from_numpy(self.members @ flat).reshape(values.shape)


class _Sight:
    """How far the pixels of N cameras see."""

    def __init__(self, solid: Tensor, camera_to_world: Tensor, fov_deg: float,
                 voxel_grid: VoxelGrid, pixels: int, chunk: int = 65536) -> None:
        self.cameras, self.fov_deg = camera_to_world, fov_deg
        self.voxel_grid, self.pixels = voxel_grid, pixels
        self.points = voxel_grid.centres()
        self.rays = camera_rays(camera_to_world, pixels, fov_deg, voxel_grid)
        self.step = STEP * voxel_grid.voxel_size
        shell = Occupancy(surface_of(solid), voxel_grid)
        self.end = torch.full_like(self.rays.near, torch.inf)
        """N * pixels^2 distances, infinite where nothing is seen."""
        for start in range(0, len(self.rays), chunk):
            part = slice(start, start + chunk)
            samples = occupied_samples(self.rays[part], shell, self.step)
            self.end[part].scatter_reduce_(0, samples.ray_indices, samples.distance, "amin")

    def go_on(self, solid: Tensor, gone: Tensor) -> None:
        """Lines of sight that ended at voxels that are gone end at the solid behind them."""
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
        """The P voxels of a mask, of a solid's surface."""
        points, normals = self.points[where.flatten()], _normals(solid, where)
        sees = [self._sees(view, points, normals) for view in range(len(self.cameras))]
        return _Surface(points, normals, torch.stack(sees, dim=1),
                        _Patches(where.nonzero(), normals), Occupancy(solid, self.voxel_grid))

    def _sees(self, view: int, points: Tensor, normals: Tensor) -> Tensor:
        """P bool: whether a camera sees P x 3 points of a surface."""
        where, _ = project(points, self.cameras[view], self.fov_deg)
        end = self.end.reshape(-1, self.pixels**2)[view, pixel_of(where, self.pixels)]
        towards = self.cameras[view, :3, 3].to(points.dtype) - points
        distance = towards.norm(dim=-1)
        faces = (towards * normals).sum(-1) > FACING * distance
        near = distance <= end + REACH * self.voxel_grid.voxel_size
        return (where.abs() < 1).all(-1) & faces & near


def pixel_of(where: Tensor, size: int) -> Tensor:
    """P numbers of the pixels, rows from the top, at P x 2 picture coordinates."""
    x, y = ((where + 1) / 2 * size).long().clamp_(0, size - 1).unbind(-1)
    return y * size + x


def _disagreeing(surface: _Surface, pictures: _Pictures) -> Tensor:
    """P bool: where too few views see the same colour, of those that see enough of a patch."""
    seen, patches = surface.sees[..., None], surface.patches
    colours = pictures.colours(surface.points)
    number = patches.sum(surface.sees)
    off, tolerance = ((patches.sum(torch.where(seen, values, 0)) / number[..., None]).abs().amax(-1)
                      for values in (colours - _usual(colours, seen),
                                     pictures.ranges_of_colours(surface.points)))
    knows = surface.sees & (number >= FEWEST)
    agrees = knows & (off <= TOLERANCE + STEEPNESS * tolerance)
    return (knows.sum(1) >= LEAST_VIEWS) & (agrees.sum(1) < AGREEING * knows.sum(1))


def _share_disagreeing(surface: _Surface, pictures: _Pictures) -> float:
    """Of the surface, in [0, 1]."""
    return float(_disagreeing(surface, pictures).float().mean())


def _agreeing_below(surface: _Surface, pictures: _Pictures, depths: list[float],
                    share: float) -> Tensor:
    """P bool: where the views agree better at one of these distances below the surface, and still
    inside."""
    here = _variance(surface, pictures.colours(surface.points))
    better = torch.zeros(len(here), dtype=torch.bool)
    for depth in depths:
        points = surface.points - depth * surface.normals
        below = _variance(surface, pictures.colours(points))
        better |= surface.solid.contains(points) & (
            below + NOISE**2 < share * (here + NOISE**2))
    return better & _seen(surface)


def _seen(surface: _Surface) -> Tensor:
    """P bool: where enough views see a surface to tell something."""
    return surface.sees.sum(1) >= LEAST_VIEWS


def _difference(surface: _Surface, pictures: _Pictures) -> float:
    """Root mean square of the differences between views, over the patches that enough see."""
    variances = _variance(surface, pictures.colours(surface.points))
    return float(variances[_seen(surface)].mean().sqrt())


def _variance(surface: _Surface, colours: Tensor) -> Tensor:
    """P: mean squared difference of P x N x 3 colours between views, over the patches."""
    seen = surface.sees[..., None]
    off = (colours - _usual(colours, seen)).square().clamp_max(OUTLYING**2)
    total = surface.patches.sum(torch.where(seen, off, 0).sum((1, 2)))
    return total / surface.patches.sum(surface.sees.sum(1)).clamp_min(1)


def _usual(colours: Tensor, seen: Tensor) -> Tensor:
    """P x 1 x 3: the median of P x N x 3 colours over the views that see them."""
    return torch.where(seen, colours, torch.nan).nanmedian(dim=1, keepdim=True).values
