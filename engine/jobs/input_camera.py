# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elevation of the camera that took the input image: as given, or estimated.

Fast to import: PyTorch is imported with the first estimate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.image_requests import PosedRequest
from ..core.reporting import Reporter
from .sampling import INPUT_SIZE, Stages

if TYPE_CHECKING:
    from ..imaging import FramedImage


def with_elevation(request: PosedRequest, image: FramedImage, reporter: Reporter,
                   stages: Stages) -> FramedImage:
    """The image with the elevation of its camera.

    Its report says where the number comes from: "elevation_source" is "given", "estimated" or,
    where the weights are missing, "assumed"; an estimate has an "elevation_uncertainty_deg".
    """
    given = request.given_elevation
    if given is not None:
        return replace(image, elevation_deg=given, camera={"elevation_source": "given"})
    from ..shape.elevation import WEIGHTS, estimate_image_elevation

    if not (WEIGHTS / "weights.safetensors").is_file():
        reporter.log("warning", "the weights of the elevation network are missing: the camera is "
                                "assumed to be level with the object")
        return replace(image, camera={"elevation_source": "assumed"})
    with stages.measure("estimate elevation"):
        reporter.progress("estimate elevation", 0, 1)
        found = estimate_image_elevation(image.at(INPUT_SIZE).premultiplied)
        reporter.progress("estimate elevation", 1, 1)
    return replace(image, elevation_deg=round(found.elevation_deg, 1), camera={
        "elevation_source": "estimated",
        "elevation_uncertainty_deg": round(found.uncertainty_deg, 1)})
