# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that samples novel views of an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.reporting import Reporter
from ..core.requests import ViewsRequest, save_request
from ..core.staging import staged_folder
from .input_camera import with_elevation
from .sampling import INPUT_SIZE, Sampled, Stages, prepare, sample, save_input

if TYPE_CHECKING:
    from ..imaging import FramedImage


def make_views(request: ViewsRequest, reporter: Reporter) -> dict[str, Any]:
    """Sample novel views into the folder `out`."""
    out = Path(request.out)
    request.poses()  # an error in the lists comes before the work
    stages = Stages()
    with staged_folder(out, replaces=request.OWN_FILES) as stage:
        framed = with_elevation(request, prepare(request, reporter, stages), reporter, stages)
        image = framed.at(INPUT_SIZE)
        sampled = sample(request, image, framed.elevation_deg,
                         request.poses(framed.elevation_deg), request.samples, reporter, stages)
        if request.detail == "auto":
            sampled = _detailed(sampled, framed, reporter, stages)
        sampled.views.save(stage)
        save_request(request, stage)
        save_input(stage, image)
    announce_views(out, len(sampled.views), reporter)
    return {"views": str(out / "views.json"), "count": len(sampled.views),
            "input": {"elevation_deg": framed.elevation_deg, **image.report},
            "detail": sampled.views.meta.get("detail", "off"),
            "unet_evaluations": sampled.unet_evaluations, "stages": stages.seconds}


def _detailed(sampled: Sampled, framed: FramedImage, reporter: Reporter,
              stages: Stages) -> Sampled:
    """The views with the detail of the image, as far as the predicted shape shows it.

    Without the weights of the shape network the views stay as they are.
    """
    # Imports torch, which the command line must not wait for.
    from ..shape.prediction import WEIGHTS
    from ..shape.reprojection import add_detail

    if not (WEIGHTS / "weights.safetensors").is_file():
        reporter.log("warning", "the weights of the shape network are missing: the views are left "
                                "as the model generates them")
        return sampled
    views = sampled.views
    with stages.measure("detail"):
        reporter.progress("detail", 0, 1)
        image = framed.at(2 * views.images.shape[1])
        camera = views.meta["input"]
        detailed = add_detail(views, image.premultiplied, camera["elevation_deg"],
                              camera["radius"])
        reporter.progress("detail", 1, 1)
    return replace(sampled, views=replace(detailed, meta={**views.meta, "detail": "auto"}))


def announce_views(folder: Path, count: int, reporter: Reporter) -> None:
    """Report the files of a folder of views."""
    for i in range(count):
        reporter.artifact("view", folder / f"view_{i:03d}.png")
    reporter.artifact("views", folder / "views.json")
