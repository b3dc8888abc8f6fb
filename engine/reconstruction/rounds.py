# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""New views that agree with a fit: the model improves renderings of the fitted shape.

Views that were sampled independently disagree, and their fit is blurred where they do. Renderings
of it agree. The model adds detail and plausibility to them by SDEdit (Meng et al. 2022) while they
keep their common shape, and the fit is repeated with the improved views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core.reporting import SilentReporter
from ..diffusion.sdedit import ImageEdit, edit_images
from ..imaging import foreground_alpha, from_white, premultiplied
from ..imaging.view_set import ViewSet
from ..mesh.photo import Photo
from ..mesh.rendering import of_mesh
from .clock import Clock
from .extraction import textured_mesh
from .fit import Fit
from .guidance import Cameras, Zero123Guidance, threads
from .settings import ReconstructionSettings, RunContext

STAGE = "improve views"
"""Name of the stage in reports and progress."""


@dataclass(frozen=True)
class RoundsConfig:
    """Constants of the rounds."""

    iterations_share: float = 0.5
    """Steps of each repeated fit, as a share of the first one's: it starts from a fitted field."""
    faces: int = 8000
    """Triangles of the mesh that is rendered."""
    texture_size: int = 512
    """Side of its texture in pixels, which is enough for 256 px views."""


CONFIG = RoundsConfig()


@dataclass(frozen=True)
class Improved:
    """Improved views, and their cost."""

    views: ViewSet
    unet_evaluations: int


def improve_views(fit: Fit, views: ViewSet, photo: Photo, settings: ReconstructionSettings,
                  context: RunContext, number: int) -> Improved:
    """The views of a fit as the model draws them, at the cameras of `views`.

    `number`: of the round, from 1. A resumed run finds the views of finished rounds in its
    checkpoints.
    """
    checkpoint = context.checkpoints.of(f"views {number}") if context.checkpoints else None
    saved = checkpoint.load() if checkpoint else None
    with context.clock.stage(STAGE, steps=1):
        if saved is None:
            rendered = render_views(fit, views, photo)
            saved = _improved(rendered, views, photo, settings, context, number)
            if checkpoint:
                checkpoint.save(saved)
    rgb: np.ndarray = saved["rgb"].numpy()
    rgba = np.stack([from_white(image, foreground_alpha(image)) for image in rgb])
    return Improved(replace(views, images=rgba, meta={**views.meta, "round": number}),
                    int(saved["unet_evaluations"]))


def render_views(fit: Fit, views: ViewSet, photo: Photo, config: RoundsConfig = CONFIG) -> Tensor:
    """Images (N x S x S x 3 in [0, 1]) of the fitted surface on white, at the cameras and the size
    of `views`. The photo colours what it shows.
    """
    mesh = of_mesh(textured_mesh(fit, photo, config.faces, config.texture_size,
                                 Clock(SilentReporter())))
    poses = zip(views.azimuth_deg, views.elevation_deg, views.radius, strict=True)
    size = views.images.shape[1]
    images = np.stack([mesh.render(azimuth, elevation, radius, size)
                       for azimuth, elevation, radius in poses])
    rgba = premultiplied(images / np.float32(255))
    return torch.from_numpy(rgba[..., :3] + 1 - rgba[..., 3:])


def _improved(rendered: Tensor, views: ViewSet, photo: Photo, settings: ReconstructionSettings,
              context: RunContext, number: int) -> dict[str, Any]:
    """The images that the model makes of renderings, as the state of a checkpoint."""
    pipeline, reporter = context.pipeline, context.reporter
    assert pipeline is not None
    reporter.progress(STAGE, 0, 1)
    guidance = Zero123Guidance.of(pipeline, photo.rgba[..., :3] + (1 - photo.rgba[..., 3:]),
                                  settings.input_elevation_deg, settings.input_radius)
    cameras = Cameras(*(torch.from_numpy(np.asarray(values, np.float32)) for values in (
        views.azimuth_deg, views.elevation_deg, views.radius)))
    edit = ImageEdit(settings.round_strength,
                     int(views.meta.get("steps") or pipeline.config.default_num_inference_steps),
                     guidance.guidance_scale(settings.guidance_scale,
                                             pipeline.config.default_guidance_scale))
    with threads(context.threads):
        edited = edit_images(pipeline, guidance.condition, rendered, guidance.contexts(cameras),
                             edit, torch.Generator().manual_seed(settings.seed + number),
                             lambda done, total: reporter.progress(STAGE, done, total))
    return {"rgb": edited.images, "unet_evaluations": edited.unet_evaluations}
