# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a voxel radiance field to pictures with known cameras, coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..fields.field import Field, on_cpu
from ..fields.occupancy import Occupancy
from ..fields.ray_marching import occupied_samples
from ..fields.rays import Rays, camera_rays, pixel_centres
from ..fields.render import render
from ..fields.representations import make_field
from ..fields.voxel_field import EMPTY_RAW, VoxelField, density_of
from ..fields.voxel_grid import VoxelGrid
from .alignment import LEARNING_RATE as ALIGNMENT_RATE
from .alignment import Alignment
from .checkpoint import Checkpoint
from .hull import Hull, vote_hull
from .photo_hull import Contradictions, find_contradictions
from .trainer import OnStep, Rates, coarse_to_fine
from .z_bounds import OPEN, SOLID, Ends, find_ends

CPU = torch.device("cpu")
RAYS_PER_STEP = 4096
MASK_WEIGHT = 0.5
"""Of the squared opacity error, against the Huber loss of the colours on white."""
OPAQUE_WEIGHT = 0.02
"""Of alpha * (1 - alpha): the object is solid, not fog."""
COLOUR_TOLERANCE = 0.1
"""Colour errors beyond this count linearly: generated views disagree, and the median view wins."""
SMOOTHING = torch.tensor([0.02, 0.01, 0.01, 0.01])
"""Share of the difference to a neighbour that is evened out at each step."""
SMOOTHING_DECAY = 1 / 36
"""What is left of that at the last step of a level that is fitted to pictures which agree: Adam's
steps get smaller, and would no longer keep a thin wall from spreading."""
LEARNING_RATE = 0.3
"""Of Adam at the first step of a level, in raw grid units."""
DECAY = 1 / 6
"""What is left of the learning rates at the last step of a level."""
SEEN = 1.62
"""World units along the side of a picture, at the distance of an object."""
CONTRADICTED_RAW = -6.0
"""Raw density that is left where the views' colours contradict each other: little in the way of
what is behind, and enough to come back."""
SHARPNESS = 1.5
"""Pixels to a voxel, at least, that a field is fitted to, if a picture has them."""
DETAIL = 1.4
"""Pixels to a voxel, at most, where colours are compared: more are averaged away."""
STEP = 0.75
"""Distance between samples along a ray, in voxels."""


@dataclass
class Pictures:
    """N pictures to fit."""

    rgba: Tensor
    """N x S x S x 4, premultiplied."""
    camera_to_world: Tensor
    """N x 4 x 4."""
    fov_deg: float
    weight: Tensor
    """N; how much a picture counts."""
    trusted: Tensor
    """N bool; real pictures: the object never leaves their silhouette, and they aren't moved."""

    def to(self, device: torch.device) -> Pictures:
        """The same on a device."""
        return replace(self, rgba=self.rgba.to(device), weight=self.weight.to(device),
                       camera_to_world=self.camera_to_world.to(device),
                       trusted=self.trusted.to(device))

    def sharp_for(self, voxel_grid: VoxelGrid) -> Pictures:
        """The same, about as sharp as a field on a voxel grid can show them.

        Whole pixels are averaged, as far as their number can be divided: parts of them would blur
        edges here and there.
        """
        size = self.rgba.shape[1]
        return self.shrunk(size // max(1, int(size / (SHARPNESS * pixels_for(voxel_grid)))))

    def shrunk(self, size: int) -> Pictures:
        """The same at size x size pixels (averaged), unless they are that small already."""
        if self.rgba.shape[1] <= size:
            return self
        smaller = F.interpolate(self.rgba.permute(0, 3, 1, 2), (size, size), mode="area")
        return replace(self, rgba=smaller.permute(0, 2, 3, 1).contiguous())


@dataclass
class Fit:
    """A fitted field and what it was fitted to."""

    field: Field
    pictures: Pictures
    """As they were moved to agree with each other."""
    hull: Hull
    """Of those pictures, between the ends."""
    ends: Ends = OPEN


class PhotometricObjective:
    """How badly a field reproduces the pictures, over a random batch of rays."""

    def __init__(self, pictures: Pictures, alignment: Alignment, occupancy: Occupancy, step: float,
                 generator: torch.Generator) -> None:
        pictures = pictures.to(occupancy.device)
        count, size = pictures.rgba.shape[:2]
        rays = camera_rays(pictures.camera_to_world, size, pictures.fov_deg, occupancy.voxel_grid)
        rays = tightened(rays, occupancy, step)
        # Rays that miss the bound can't be changed by the field.
        hit = rays.far > rays.near
        self.rays = rays[hit]
        self.pictures, self.alignment = pictures.rgba, alignment
        self.where = pixel_centres(size).to(hit.device).repeat(count, 1)[hit]
        self.view = hit.nonzero()[:, 0] // size**2
        self.weight = pictures.weight / pictures.weight.mean()
        self.occupancy, self.step, self.generator = occupancy, step, generator

    def __call__(self, field: Field, step: int) -> Tensor:
        pick = torch.randint(len(self.rays), (RAYS_PER_STEP,), generator=self.generator)
        jitter = torch.rand(len(pick), generator=self.generator).to(field.device)
        pick = pick.to(field.device)
        seen = render(field, self.rays[pick], self.occupancy, self.step, jitter)
        view = self.view[pick]
        target = self.alignment.look_up(self.pictures, view, self.where[pick])
        colour = F.huber_loss(seen.rgb - seen.alpha[:, None], target[:, :3] - target[:, 3:],
                              reduction="none", delta=COLOUR_TOLERANCE).sum(-1) / COLOUR_TOLERANCE
        mask = (seen.alpha - target[:, 3]).square()
        loss = colour + MASK_WEIGHT * mask + OPAQUE_WEIGHT * seen.alpha * (1 - seen.alpha)
        return (self.weight[view] * loss).mean() + self.alignment.prior()


class ViewsProblem:
    """Reproduce the pictures; after each level they are moved to agree with each other, and after
    the first, what their colours contradict is thinned out."""

    def __init__(self, pictures: Pictures, hull: Hull, generator: torch.Generator) -> None:
        self.pictures, self.hull, self.generator = pictures, hull, generator
        self.ends = OPEN
        self.contradictions: Contradictions | None = None
        self.alignment = Alignment(pictures.trusted)

    def begin(self, field: Field, steps: range) -> PhotometricObjective:
        if steps.start:
            if self.contradictions is None:
                self.contradictions = self._find_contradictions(field)
            field.cap_density(self.contradictions.where, CONTRADICTED_RAW)
        self.alignment = Alignment(self.pictures.trusted).to(field.device)
        return PhotometricObjective(
            self.pictures.sharp_for(field.voxel_grid), self.alignment,
            occupancy_of(self.hull).to(field.device), field.voxel_grid.voxel_size * STEP,
            self.generator)

    @property
    def rates(self) -> Rates:
        """Smoothing fades, unless the views are known to disagree: it evens out what they leave."""
        agree = self.contradictions is None or self.contradictions.views_agree
        return Rates(LEARNING_RATE, DECAY, SMOOTHING, SMOOTHING_DECAY if agree else 1.0)

    def parameters(self) -> Sequence[dict[str, Any]]:
        return [{"params": [self.alignment.correction], "lr": ALIGNMENT_RATE}]

    def end(self, field: Field) -> None:
        pictures = replace(self.pictures,
                           rgba=self.alignment.to("cpu").applied(self.pictures.rgba))
        small = pictures.shrunk(pixels_for(self.hull.voxel_grid))
        rays = camera_rays(small.camera_to_world, small.rgba.shape[1], small.fov_deg,
                           self.hull.voxel_grid)
        self._learn(pictures, find_ends(field, rays, small.rgba[..., 3], small.camera_to_world,
                                        small.fov_deg, occupancy_of(self.hull)))

    def state(self) -> dict[str, Tensor]:
        found = self.contradictions
        known = {} if found is None else {
            "contradicted": found.where,
            "disagreeing": torch.tensor(found.share, dtype=torch.float64)}
        return {"rgba": self.pictures.rgba, **known,
                "ends": torch.tensor([self.ends.low, self.ends.high], dtype=torch.float64)}

    def restore(self, state: dict[str, Tensor]) -> None:
        if "contradicted" in state:
            self.contradictions = Contradictions(
                state["contradicted"], float(state["disagreeing"]))
        low, high = state["ends"].tolist()
        if not torch.equal(self.pictures.rgba, state["rgba"]) or Ends(low, high) != self.ends:
            self._learn(replace(self.pictures, rgba=state["rgba"]), Ends(low, high))

    def _find_contradictions(self, field: Field) -> Contradictions:
        voxel_grid = self.hull.voxel_grid
        solid = (density_of(field.as_grid(voxel_grid).raw[0, 0]) > SOLID).cpu()
        pictures = self.pictures.shrunk(round(DETAIL * pixels_for(voxel_grid)))
        return find_contradictions(solid & self.hull.bound, pictures.rgba, pictures.camera_to_world,
                                   pictures.fov_deg, voxel_grid, pixels_for(voxel_grid))

    def _learn(self, pictures: Pictures, ends: Ends) -> None:
        self.pictures, self.ends = pictures, ends
        self.hull = hull_of(pictures, self.hull.voxel_grid)
        self.hull.bound &= ends.depth(self.hull.voxel_grid.axis(2)) >= 0


def fit_field(pictures: Pictures, hull: Hull, *, representation: str = "voxels",
              iterations: int, generator: torch.Generator,
              on_step: OnStep, checkpoint: Checkpoint | None = None,
              device: torch.device = CPU) -> Fit:
    """The field that reproduces the pictures, within the hull's bound and at its resolution.

    `representation`: as in `fields.representations.make_field`; `device`: where the work is done.
    What goes in and comes out is on the CPU.
    """
    problem = ViewsProblem(pictures, hull, generator)
    fitted = coarse_to_fine(
        make_field(initial_field(hull), representation, generator, device), problem,
        iterations=iterations, generator=generator, on_step=on_step, checkpoint=checkpoint)
    return Fit(on_cpu(fitted), problem.pictures, problem.hull, problem.ends)


def pixels_for(voxel_grid: VoxelGrid) -> int:
    """Pixels along a picture's side, each about as large as a voxel."""
    return round(SEEN / voxel_grid.voxel_size)


def hull_of(pictures: Pictures, voxel_grid: VoxelGrid) -> Hull:
    """The pictures' vote hull."""
    return vote_hull(pictures.rgba, pictures.camera_to_world, pictures.fov_deg, voxel_grid,
                     trusted=pictures.trusted)


def initial_field(hull: Hull) -> VoxelField:
    """Dense where all views see the object, thin where only the vote lets it be, empty outside.

    Colours start as the views' mean, which stays where no view looks: underneath, say.
    """
    field = VoxelField(hull.voxel_grid)
    dense = (hull.agreement - 0.85) / 0.15 * 3
    with torch.no_grad():
        field.raw[0, 0] = torch.where(hull.bound, dense.clamp_min(-3), EMPTY_RAW)
        field.raw[0, 1:] = torch.logit(hull.colour, eps=0.02).permute(3, 0, 1, 2)
    return field


def occupancy_of(hull: Hull) -> Occupancy:
    """The hull's bound, one voxel larger all round for interpolation."""
    larger = F.max_pool3d(hull.bound[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
    return Occupancy(larger, hull.voxel_grid)


def tightened(rays: Rays, occupancy: Occupancy, step: float, chunk: int = 16384) -> Rays:
    """The same rays with their ranges cut to where they cross occupied voxels."""
    near, far = torch.full_like(rays.near, torch.inf), torch.full_like(rays.far, -torch.inf)
    for start in range(0, len(rays), chunk):
        part = slice(start, start + chunk)
        samples = occupied_samples(rays[part], occupancy, step)
        near[part].scatter_reduce_(0, samples.ray_indices, samples.distance - step, "amin")
        far[part].scatter_reduce_(0, samples.ray_indices, samples.distance + step, "amax")
    return Rays(rays.origins, rays.directions, near, far)

