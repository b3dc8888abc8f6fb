# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a reconstruction, and the resources with which it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import torch

from ..camera import DEFAULT_RADIUS
from ..core.reporting import Reporter, SilentReporter
from ..fields.field import Field
from .checkpoint import Checkpoints
from .clock import Clock
from .trainer import TrainingRun

if TYPE_CHECKING:  # importing diffusers takes seconds, and the direct method does not need it
    from ..diffusion import Zero123Pipeline
    from .guidance import Zero123Guidance
    from .preview import Previews

CPU = torch.device("cpu")


@dataclass(frozen=True)
class ReconstructionSettings:
    """The settings of a reconstruction. On the CPU, equal settings and inputs give equal meshes."""

    input_elevation_deg: float = 0.0
    """Elevation of the camera that took the photo, degrees above the horizon."""
    input_radius: float = DEFAULT_RADIUS
    """Distance of that camera from the object's centre, world units."""
    resolution: int = 96
    """The box around the object is divided into as many voxels as a cube with this number along
    each side has."""
    iterations: int = 0
    """Optimisation steps; 0 takes the method's own number."""
    rounds: int = 0
    """Rounds of improving the views and fitting them again (see `rounds.py`)."""
    round_strength: float = 0.3
    """Timestep up to which a round adds noise to its renderings, as a share of the schedule: the
    best of 0.3, 0.5 and 0.7 with nano (docs/evaluation.md, "Views that agree")."""
    refine: int = 0
    """Steps of score distillation at small noise after a fit to views."""
    guidance_scale: float = 0.0
    """Classifier-free guidance scale; 0: the method's own, or 1 if the model's default is 1."""
    representation: str = "voxels"
    """Representation of the field: "voxels" or "hash" (see `engine.fields`)."""
    faces: int = 20000
    """Maximum number of triangles."""
    texture_size: int = 1024
    """Side of the square texture, pixels."""
    seed: int = 0
    view_weights: bool = True
    """Whether views that disagree with the others lose weight (see `view_weights.py`); off only to
    measure what that is worth."""
    shape_prior: bool = False
    """Whether the shape network's prediction is used where the views contradict each other."""
    continuation: float = 0.0
    """Share, in [0, 1], of the photo's continued colours on the hidden side; the rest is from the
    fitted field."""


@dataclass
class RunContext:
    """The resources with which a reconstruction runs."""

    pipeline: Zero123Pipeline | None = None
    """The diffusion model; only needed by methods and settings that use one."""
    device: torch.device = CPU
    """Device of the field during the optimisation."""
    reporter: Reporter = field(default_factory=SilentReporter)
    checkpoints: Checkpoints | None = None
    """Storage for the state of a stopped run; None: a stopped run cannot be resumed."""
    previews: Previews | None = None
    """Output of previews; None for none."""
    clock: Clock = field(init=False)
    threads: int = field(default_factory=torch.get_num_threads)
    """Threads of the networks; the renderer runs on one."""

    def __post_init__(self) -> None:
        self.clock = Clock(self.reporter)

    def training_run(self, stage: str, generator: torch.Generator,
                     guidance: Zero123Guidance | None = None) -> TrainingRun:
        """The companions of one optimisation: generator, checkpoint, progress, previews."""
        checkpoint = self.checkpoints.of(stage) if self.checkpoints else None
        return TrainingRun(generator, partial(self._on_step, stage, guidance), checkpoint)

    def _on_step(self, stage: str, guidance: Zero123Guidance | None, done: int, total: int,
                 radiance: Field) -> None:
        self.reporter.progress(stage, done, total)
        if self.previews:
            self.previews.update(radiance, guidance)


@contextmanager
def single_thread() -> Iterator[None]:
    """Run torch on one thread: the renderer's many small operations are fastest there, and their
    results do not depend on the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
