# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a radiance field to posed images, coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..fields.field import Field, on_cpu
from ..fields.occupancy import Occupancy, dilate
from ..fields.rays import camera_rays
from ..fields.representations import make_field
from ..fields.voxel_field import EMPTY_RAW, VoxelField, density_of
from ..fields.voxel_grid import VoxelGrid
from ..shape.frustum import ShapePrediction
from .alignment import LEARNING_RATE as ALIGNMENT_RATE
from .alignment import Alignment
from .hull import Hull, hull_of
from .photo_hull import CONFIG as CARVING
from .photo_hull import CarveMask, find_carve_mask
from .photometric import RAY_STEP, PhotometricObjective
from .posed_images import PosedImages, pixels_for
from .shape_prior import CONFIG as PRIOR
from .shape_prior import ShapePrior
from .trainer import LearningRates, Level, Objective, TrainingRun, train_coarse_to_fine
from .z_bounds import SOLID_DENSITY, UNBOUNDED, ZBounds, ZBoundsInputs, estimate_z_bounds

SMOOTHING = torch.tensor([0.02, 0.01, 0.01, 0.01])
"""Share of the difference to neighbouring voxels that is evened out in each step, for density, red,
green and blue."""
SMOOTHING_DECAY = 1 / 36
"""Factor on the smoothing at the last step of a level whose images agree: Adam's steps get smaller,
and would no longer keep a thin wall from spreading."""
LEARNING_RATE = 0.3
"""Learning rate of Adam at the first step of a level, in raw grid units."""
DECAY = 1 / 6
"""Factor on the learning rates at the last step of a level."""
CARVED_RAW = -6.0
"""Maximum raw density of carved voxels: they hide little of what is behind them, and can still
become dense again."""
CARVING_DETAIL = 1.4
"""Pixels per voxel at which colours are compared for carving; more would be averaged away."""
NEUTRAL_AGREEMENT = 0.85
"""Mean opacity over the views at which an initial voxel is neither dense nor thin."""
INITIAL_RAW = 3.0
"""Largest absolute raw density of an initial voxel inside the hull."""


@dataclass
class Fit:
    """A fitted field, and the images and the hull to which it was fitted."""

    field: Field
    images: PosedImages
    """The images, corrected by the alignment."""
    hull: Hull
    """The hull of those images, within the z bounds."""
    z_bounds: ZBounds = UNBOUNDED
    prior: ShapePrior | None = None
    """The prior of the fit, if the views needed one."""


class ViewFitStage:
    """Reproduces posed images.

    After each level the images are aligned with each other and the object's lower and upper ends
    are estimated. After the first level, voxels whose colours are inconsistent are carved.
    """

    def __init__(self, images: PosedImages, hull: Hull, generator: torch.Generator,
                 prediction: ShapePrediction | None = None) -> None:
        self.images, self.hull, self.generator = images, hull, generator
        self.prediction = prediction
        self.prior: ShapePrior | None = None
        self.z_bounds = UNBOUNDED
        self.carve_mask: CarveMask | None = None
        self.alignment = Alignment(images.trusted)

    def begin(self, field: Field, steps: range) -> Level:
        """See `TrainingStage`."""
        if steps.start:
            if self.carve_mask is None:
                self.carve_mask = self._find_carve_mask(field)
                self._apply_prior()
            field.cap_density(self.carve_mask.mask, CARVED_RAW)
        self.alignment = Alignment(self.images.trusted).to(field.device)
        objective = PhotometricObjective(
            self.images.sharp_for(field.voxel_grid), self.alignment,
            occupancy_of(self.hull).to(field.device), field.voxel_grid.voxel_size * RAY_STEP,
            self.generator)
        return Level(self._with_prior(objective), self._rates(), [
            {"params": [self.alignment.correction], "lr": ALIGNMENT_RATE}])

    def _with_prior(self, objective: Objective) -> Objective:
        """The objective with the prior's term, if there is a prior."""
        prior = self.prior
        if prior is None:
            return objective
        return lambda field, step: objective(field, step) + prior.loss(field, self.generator)

    def _apply_prior(self) -> None:
        """Use the prediction as a prior, with a weight that grows with the views' inconsistency."""
        if self.prediction is None or self.carve_mask is None:
            return
        weight = PRIOR.weight(self.carve_mask.inconsistent_ratio)
        if weight:
            self.prior = ShapePrior(self.prediction, self.hull, weight)
            self.hull = replace(self.hull, bound=self.prior.bound)

    def end(self, field: Field) -> None:
        """See `TrainingStage`."""
        images = replace(self.images, rgba=self.alignment.to("cpu").applied(self.images.rgba))
        small = images.believed().shrunk(pixels_for(self.hull.voxel_grid))
        rays = camera_rays(small.camera_to_world, small.rgba.shape[1], small.fov_deg,
                           self.hull.voxel_grid)
        self._update(images, estimate_z_bounds(field, ZBoundsInputs(
            rays, small.rgba[..., 3], small.camera_to_world, small.fov_deg,
            occupancy_of(self.hull))))

    def state(self) -> dict[str, Tensor]:
        """See `TrainingStage`."""
        carving = {} if self.carve_mask is None else {
            "contradicted": self.carve_mask.mask,
            "disagreeing": torch.tensor(self.carve_mask.inconsistent_ratio, dtype=torch.float64)}
        return {"rgba": self.images.rgba, **carving, "ends": torch.tensor(
            [self.z_bounds.low, self.z_bounds.high], dtype=torch.float64)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """See `TrainingStage`."""
        if "contradicted" in state:
            self.carve_mask = CarveMask(state["contradicted"], float(state["disagreeing"]))
        low, high = state["ends"].tolist()
        self._update(replace(self.images, rgba=state["rgba"]), ZBounds(low, high))

    def _rates(self) -> LearningRates:
        """Smoothing fades unless the views are known to disagree: it evens out their errors."""
        consistent = self.carve_mask is None or self.carve_mask.is_consistent
        return LearningRates(LEARNING_RATE, DECAY, SMOOTHING,
                             SMOOTHING_DECAY if consistent else 1.0)

    def _find_carve_mask(self, field: Field) -> CarveMask:
        voxel_grid = self.hull.voxel_grid
        solid = (density_of(field.as_grid(voxel_grid).raw[0, 0]) > SOLID_DENSITY).cpu()
        images = self.images.believed().shrunk(round(CARVING_DETAIL * pixels_for(voxel_grid)))
        limit = CARVING.max_unreliable_ratio if self.prediction is None else PRIOR.carving_ratio
        return find_carve_mask(solid & self.hull.bound, images, voxel_grid, pixels_for(voxel_grid),
                               limit)

    def _update(self, images: PosedImages, z_bounds: ZBounds) -> None:
        self.images, self.z_bounds = images, z_bounds
        self.hull = hull_of(images, self.hull.voxel_grid)
        self.hull.bound &= z_bounds.depth(self.hull.voxel_grid.axis(2)) >= 0
        self._apply_prior()


@dataclass(frozen=True)
class FitTask:
    """The inputs of a fit, and the representation and device of the field."""

    images: PosedImages
    voxel_grid: VoxelGrid
    prediction: ShapePrediction | None = None
    """The shape network's prediction, used where the images contradict each other."""
    representation: str = "voxels"
    """Representation of the field, as for `fields.representations.make_field`."""
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    """Device of the optimisation; images and result are on the CPU."""
    start: Field | None = None
    """A fitted field to begin with; None: that of the hull."""


def fit_field(task: FitTask, iterations: int, run: TrainingRun) -> Fit:
    """The field that reproduces the images, within their hull and at the grid's resolution.

    Raises:
        EngineError: `BAD_INPUT` if the silhouettes have no shape in common; as `trainer.train`.
    """
    hull = hull_of(task.images, task.voxel_grid)
    stage = ViewFitStage(task.images, hull, run.generator, task.prediction)
    first = initial_field(hull) if task.start is None else softened_field(task.start, hull)
    start = make_field(first, task.representation, run.generator, task.device)
    fitted = train_coarse_to_fine(start, stage, iterations, run)
    return Fit(on_cpu(fitted), stage.images, stage.hull, stage.z_bounds, stage.prior)


def initial_field(hull: Hull) -> VoxelField:
    """Dense where all views see the object, thin where only the vote admits it, empty outside.

    Colours start as the mean of the views, which remains where no view looks, such as underneath.
    """
    field = VoxelField(hull.voxel_grid)
    above = (hull.agreement - NEUTRAL_AGREEMENT) / (1 - NEUTRAL_AGREEMENT)
    dense = above * INITIAL_RAW
    with torch.no_grad():
        field.raw[0, 0] = torch.where(hull.bound, dense.clamp_min(-INITIAL_RAW), EMPTY_RAW)
        field.raw[0, 1:] = torch.logit(hull.colour, eps=0.02).permute(3, 0, 1, 2)
    return field


def softened_field(field: Field, hull: Hull) -> VoxelField:
    """A fitted field on a hull's voxels, as changeable as an initial field: gradients would hardly
    move voxels that are quite solid or quite empty."""
    softened = initial_field(hull)
    fitted = field.as_grid(hull.voxel_grid).raw.detach()[0]
    with torch.no_grad():
        softened.raw[0, 0] = torch.where(hull.bound, fitted[0].clamp(-INITIAL_RAW, INITIAL_RAW),
                                         EMPTY_RAW)
        softened.raw[0, 1:] = fitted[1:]
    return softened


def occupancy_of(hull: Hull) -> Occupancy:
    """The hull's bound, dilated by one voxel for interpolation."""
    return Occupancy(dilate(hull.bound, 1), hull.voxel_grid)
