# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that samples novel views of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.reporting import Reporter
from ..core.requests import ViewsRequest, save_request
from ..core.staging import staged_folder
from .sampling import INPUT_SIZE, Stages, prepare, sample, save_input


def make_views(request: ViewsRequest, reporter: Reporter) -> dict[str, Any]:
    """Sample novel views into the folder `out`."""
    out = Path(request.out)
    poses = request.poses()
    stages = Stages()
    with staged_folder(out, replaces=request.OWN_FILES) as stage:
        image = prepare(request, reporter, stages).at(INPUT_SIZE)
        sampled = sample(request, image, request.input_elevation, poses, request.samples,
                         reporter, stages)
        sampled.views.save(stage)
        save_request(request, stage)
        save_input(stage, image)
    announce_views(out, len(sampled.views), reporter)
    return {"views": str(out / "views.json"), "count": len(sampled.views), "input": image.report,
            "unet_evaluations": sampled.unet_evaluations, "stages": stages.seconds}


def announce_views(folder: Path, count: int, reporter: Reporter) -> None:
    """Report the files of a folder of views."""
    for i in range(count):
        reporter.artifact("view", folder / f"view_{i:03d}.png")
    reporter.artifact("views", folder / "views.json")
