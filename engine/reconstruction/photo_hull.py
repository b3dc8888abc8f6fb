# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views' colours contradict: space carving (Kutulakos and Seitz 2000).

Silhouettes fill every hollow, and a fit that starts from there paints a bowl's lid with what is
below it. But a point of a surface has one colour for all views that see it: where they disagree,
nothing can be. Taken away from the outside in, what is left is the photo hull.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from ..fields.lattice import Lattice
from ..fields.rays import camera_rays, project
from ..fields.render import Occupancy, occupied_samples

TOLERANCE = 0.01
"""Difference of colours that says nothing."""
WINDOW = 3
"""Pixels of a picture along each side in which a voxel's colour may lie."""
AGREEING = 0.8
"""Share of the views that must see the same colour; the others may look past an edge."""
LEAST_VIEWS = 3
"""Fewer tell nothing."""
FACING = 0.1
"""Cosine between a surface's normal and the direction to a camera that sees it."""
REACH = 0.9
"""Voxels behind the point where a pixel's line of sight ends that it still sees."""
SPREAD = 0.5
"""Share of a surface from which on disagreement is the views' own, and says nothing about it."""
REST = 0.0005
"""Share of a surface's voxels that may disagree at the end."""
LEAST_LEFT = 0.1
"""Share of a solid that is left if its views show one object; else they all show others."""
ROUNDS = 80
"""Voxels that are taken away one behind the other, at most."""
STEP = 0.5
"""Distance between samples along a line of sight, in voxels."""


@torch.no_grad()
def contradicted(solid: Tensor, rgba: Tensor, camera_to_world: Tensor, fov_deg: float,
                 lattice: Lattice, pixels: int) -> Tensor:
    """X x Y x Z bool: voxels of a solid where views that see them see different colours.

    `solid`: X x Y x Z bool, of the lattice; `rgba`: N x S x S x 4 in [0, 1], premultiplied;
    `camera_to_world`: N x 4 x 4; `pixels`: along the side of the pictures that tell what hides
    what. Nothing, if the views disagree everywhere, as those of a model may.
    """
    colours = _Colours(rgba)
    sight = _Sight(solid, camera_to_world, fov_deg, lattice, pixels)
    left = solid.clone()
    exposed = surface_of(left)
    rest = REST * int(exposed.sum())
    for number in range(ROUNDS):
        wrong = _disagreeing(exposed, _normals(left, exposed), colours, sight)
        count = int(wrong.sum())
        if count <= rest or (number == 0 and count > SPREAD * int(exposed.sum())):
            break
        left &= ~wrong
        sight.go_on(left, wrong)
        beside = torch.from_numpy(ndimage.maximum_filter(wrong.numpy(), 3))
        exposed = surface_of(left) & beside
    if left.sum() < LEAST_LEFT * solid.sum():
        return torch.zeros_like(solid)
    return solid & ~left


def surface_of(solid: Tensor) -> Tensor:
    """X x Y x Z bool: voxels of a solid with an empty one among their 26 neighbours."""
    inner = ndimage.minimum_filter(solid.numpy(), 3, mode="constant", cval=0)
    return solid & ~torch.from_numpy(inner)


def _normals(solid: Tensor, where: Tensor) -> Tensor:
    """P x 3 unit normals, outwards, of a solid at the P voxels of a mask."""
    blurred = ndimage.gaussian_filter(np.pad(solid.numpy().astype(np.float32), 1), 1.0)
    places = where.nonzero().numpy() + 1
    slopes = []
    for axis in np.eye(3, dtype=int):
        behind, before = (tuple((places + shift).T) for shift in (-axis, axis))
        slopes.append(blurred[behind] - blurred[before])
    return F.normalize(torch.from_numpy(np.stack(slopes, axis=-1)), dim=-1)


class _Colours:
    """Of N pictures on white, with what lies in the window around each pixel."""

    def __init__(self, rgba: Tensor) -> None:
        pictures = rgba.permute(0, 3, 1, 2)
        pictures = pictures[:, :3] + 1 - pictures[:, 3:]
        self.size = rgba.shape[1]
        self.middle = pictures.flatten(2)
        """N x 3 x S^2; so are the lowest and the highest."""
        self.low = -F.max_pool2d(-pictures, WINDOW, 1, WINDOW // 2).flatten(2) - TOLERANCE
        self.high = F.max_pool2d(pictures, WINDOW, 1, WINDOW // 2).flatten(2) + TOLERANCE


class _Sight:
    """How far the pixels of N cameras see."""

    def __init__(self, solid: Tensor, camera_to_world: Tensor, fov_deg: float, lattice: Lattice,
                 pixels: int, chunk: int = 65536) -> None:
        self.cameras, self.fov_deg = camera_to_world, fov_deg
        self.lattice, self.pixels = lattice, pixels
        self.points = lattice.centres()
        self.rays = camera_rays(camera_to_world, pixels, fov_deg, lattice)
        self.step = STEP * lattice.voxel_size
        shell = Occupancy(surface_of(solid), lattice)
        self.end = torch.full_like(self.rays.near, torch.inf)
        """N * pixels^2 distances, infinite where nothing is seen."""
        for start in range(0, len(self.rays), chunk):
            part = slice(start, start + chunk)
            samples = occupied_samples(self.rays[part], shell, self.step)
            self.end[part].scatter_reduce_(0, samples.ray, samples.distance, "amin")

    def go_on(self, solid: Tensor, gone: Tensor) -> None:
        """Lines of sight that ended at voxels that are gone end at the solid behind them."""
        solid_there, gone_there = Occupancy(solid, self.lattice), Occupancy(gone, self.lattice)
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

    def of(self, view: int, points: Tensor, normals: Tensor) -> tuple[Tensor, Tensor]:
        """(P bool whether a camera sees P x 3 points of a surface, P x 2 picture coordinates)."""
        where, _ = project(points, self.cameras[view], self.fov_deg)
        end = self.end.reshape(-1, self.pixels**2)[view, pixel_of(where, self.pixels)]
        towards = self.cameras[view, :3, 3].to(points.dtype) - points
        distance = towards.norm(dim=-1)
        faces = (towards * normals).sum(-1) > FACING * distance
        near = distance <= end + REACH * self.lattice.voxel_size
        return (where.abs() < 1).all(-1) & faces & near, where


def pixel_of(where: Tensor, size: int) -> Tensor:
    """P numbers of the pixels, rows from the top, at P x 2 picture coordinates."""
    x, y = ((where + 1) / 2 * size).long().clamp_(0, size - 1).unbind(-1)
    return y * size + x


def _disagreeing(exposed: Tensor, normals: Tensor, colours: _Colours, sight: _Sight) -> Tensor:
    """X x Y x Z bool: those of the exposed voxels for which too few views see the same colour."""
    index = exposed.flatten().nonzero()[:, 0]
    points = sight.points[index]
    seen: list[Tensor] = []
    low: list[Tensor] = []
    middle: list[Tensor] = []
    high: list[Tensor] = []
    for view in range(len(sight.cameras)):
        sees, where = sight.of(view, points, normals)
        pixel = pixel_of(where, colours.size)
        seen.append(sees)
        for kept, values in ((low, colours.low), (middle, colours.middle), (high, colours.high)):
            kept.append(values[view].index_select(1, pixel))
    sees, lowest, highest = torch.stack(seen), torch.stack(low), torch.stack(high)
    most = torch.zeros(len(points), dtype=torch.long)
    for colour, known in zip(middle, seen, strict=True):
        agree = ((lowest <= colour) & (colour <= highest)).all(1) & sees & known
        most = torch.maximum(most, agree.sum(0))
    views = sees.sum(0)
    wrong = torch.zeros_like(exposed)
    wrong.view(-1)[index] = (views >= LEAST_VIEWS) & (most < AGREEING * views)
    return wrong
