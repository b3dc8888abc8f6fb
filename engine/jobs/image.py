# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs about the image itself: cut it out, prepare it, and estimate its camera's elevation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.reporting import Reporter
from ..core.requests import ElevationRequest, PrepareRequest, SegmentRequest
from ..core.result_place import staged_result
from .sampling import INPUT_SIZE, Stages, prepare, sample, save_prepared, segmentation_model

if TYPE_CHECKING:
    import numpy as np

    from ..imaging import PreparedImage
    from ..reconstruction.elevation import ElevationEstimate
    from ..shape.elevation import ImageElevation


def segment(request: SegmentRequest, reporter: Reporter) -> dict[str, Any]:
    """Cut the object out of its background into the file `out`."""
    from ..imaging import cut_out, save_png

    out = Path(request.out)
    with staged_result(out) as stage:
        reporter.progress("segment", 0, 1)
        cut = cut_out(Path(request.image), segmentation_model(), alpha=request.alpha)
        reporter.progress("segment", 1, 1)
        save_png(stage, cut.rgba.astype("float32") / 255)
    for note in cut.notes:
        reporter.log("warning", note)
    reporter.artifact("image", out)
    height, width = cut.rgba.shape[:2]
    return {"image": str(out), "width": width, "height": height,
            "input": {**cut.report, "notes": cut.notes}}


def show_prepared(request: PrepareRequest, reporter: Reporter) -> dict[str, Any]:
    """The input image as the other jobs prepare it, into the file `out`."""
    out = Path(request.out)
    with staged_result(out) as stage:
        image = prepare(request, reporter, Stages()).at(INPUT_SIZE)
        save_prepared(stage, image)
    reporter.artifact("image", out)
    return {"image": str(out), "width": INPUT_SIZE, "height": INPUT_SIZE,
            "input": {"radius": image.radius, **image.report}}


def elevation(request: ElevationRequest, reporter: Reporter) -> dict[str, Any]:
    """Estimate the elevation of the input image's camera, into the file `out`."""
    out, stages = Path(request.out), Stages()
    by_views = request.evidence == "views"
    with staged_result(out) as stage:
        image = prepare(request, reporter, stages).at(INPUT_SIZE)
        estimate, evaluations = (_by_views(request, image, reporter, stages) if by_views
                                 else (_by_image(image, reporter, stages), 0))
        stage.write_text(json.dumps(estimate.to_dict(), indent=1), encoding="utf-8")
    reporter.artifact("elevation", out)
    return {"elevation": str(out), "elevation_deg": estimate.elevation_deg,
            "uncertainty_deg": None if by_views else estimate.to_dict()["uncertainty_deg"],
            "unet_evaluations": evaluations, "stages": stages.seconds}


def _by_image(image: PreparedImage, reporter: Reporter, stages: Stages) -> ImageElevation:
    """The network's estimate from the image."""
    from ..shape.elevation import estimate_image_elevation

    with stages.measure("estimate elevation"):
        reporter.progress("estimate elevation", 0, 1)
        estimate = estimate_image_elevation(image.premultiplied)
        reporter.progress("estimate elevation", 1, 1)
    return estimate


def _by_views(request: ElevationRequest, image: PreparedImage, reporter: Reporter,
              stages: Stages) -> tuple[ElevationEstimate, int]:
    """The elevation at which sampled views fit together, and the UNet evaluations.

    The views are sampled as if it were 0: the model only knows by how much a camera moves.
    """
    import numpy as np

    from ..reconstruction.elevation import estimate_elevation, relative_poses

    poses = [(azimuth, higher, image.radius) for azimuth, higher in relative_poses()]
    sampled = sample(request, image, 0.0, poses, 1, reporter, stages)
    with stages.measure("estimate elevation"):
        reporter.progress("estimate elevation", 0, 1)
        silhouettes = sampled.views.images[..., 3]
        own = _shrunk(image.alpha, silhouettes.shape[1])
        estimate = estimate_elevation(np.concatenate([silhouettes, own[None]]),
                                      [*relative_poses(), (0.0, 0.0)], image.radius)
        reporter.progress("estimate elevation", 1, 1)
    return estimate, sampled.unet_evaluations


def _shrunk(alpha: np.ndarray, size: int) -> np.ndarray:
    """H x W opacities in [0, 1] at size x size pixels."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(np.asarray(alpha, np.float32)).resize(
        (size, size), Image.Resampling.BOX))
