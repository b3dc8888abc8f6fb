# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares ways to make a model's views agree, by the IoU of the shapes that are fitted to them.

    python -m engine.evaluation.agreement OBJECTS [--variants ...] [--count N] [--out FILE.json]

`OBJECTS` is a test set with meshes. Every object is rendered at azimuth 0 and elevation 20, and
each variant makes a mesh from that image. Variants are `plain`; `rounds-STRENGTH-N`, N rounds of
improving the views from noise of that strength; `resample`, second samples of doubtful views; and
`fused`, views that are sampled one after the other.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..camera import DEFAULT_RADIUS
from ..core.errors import EngineError, ErrorCode
from ..core.image_requests import SAMPLERS
from ..core.reporting import SilentReporter
from ..core.requests import ReconstructRequest
from ..jobs.mesh import sample_views
from ..jobs.sampling import INPUT_SIZE, Stages, load_model, prepare
from ..mesh.rendering import TexturedTriangles
from ..mesh.triangles import Triangles
from ..reconstruction import ReconstructionSettings, RunContext, reconstruct
from .meshes import normalised, volumetric_iou
from .predictions import load_shape
from .reconstructions import LIGHTS, TRUE_VIEW_SIZE, normalised_truth, read_test_objects
from .selection import evenly_spaced

ELEVATION_DEG = 20.0
"""Elevation of the camera of the images, degrees."""
VARIANTS = ("plain", "rounds-0.3-1", "rounds-0.5-1", "rounds-0.7-1", "rounds-0.5-2", "resample",
            "fused")


@dataclass(frozen=True)
class Variant:
    """A way to make views agree."""

    name: str
    options: dict[str, Any]
    """Fields of the request for the views."""
    settings: dict[str, Any]
    """Fields of `ReconstructionSettings`."""

    @classmethod
    def named(cls, name: str) -> Variant:
        """The variant of a name, see the module.

        Raises:
            EngineError: `BAD_INPUT` for another name.
        """
        kind, *numbers = name.split("-")
        try:
            if kind == "rounds":
                strength, rounds = numbers
                return cls(name, {}, {"rounds": int(rounds), "round_strength": float(strength)})
            known: dict[str, dict[str, Any]] = {
                "plain": {}, "resample": {"resample": True}, "fused": {"consistency": "fused"}}
            options = known[name]
        except (KeyError, ValueError) as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"unknown variant {name!r}",
                              f"choose from {', '.join(VARIANTS)}") from error
        return cls(name, options, {})


@dataclass(frozen=True)
class Outcome:
    """The result of a variant for one object."""

    iou: float
    """Volumetric IoU with the truth, bounding boxes normalised."""
    unet_evaluations: int


def compare(thing: TexturedTriangles, truth: Triangles, variant: Variant,
            options: dict[str, Any]) -> Outcome:
    """The outcome of a variant. `options`: fields of the request for every variant."""
    reporter, stages = SilentReporter(), Stages()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.png"
        Image.fromarray(thing.render(0.0, ELEVATION_DEG, DEFAULT_RADIUS, TRUE_VIEW_SIZE,
                                     LIGHTS)).save(path)
        request = ReconstructRequest(
            image=str(path), out=folder, input_elevation=ELEVATION_DEG, framing="keep",
            device="cpu", **options, **variant.options)
        image = replace(prepare(request, reporter, stages), elevation_deg=ELEVATION_DEG)
        sampled = sample_views(request, image, reporter, stages)
        context = RunContext(load_model(request, reporter, stages))
    settings = ReconstructionSettings(
        ELEVATION_DEG, DEFAULT_RADIUS, request.resolution, request.iterations, texture_size=64,
        seed=request.seed, **variant.settings)
    made = reconstruct(sampled.views, settings, context, image.at(INPUT_SIZE).premultiplied)
    mesh = Triangles(made.mesh.vertices, made.mesh.faces)
    return Outcome(volumetric_iou(normalised(mesh), normalised(truth)),
                   sampled.unet_evaluations + made.unet_evaluations)


def main() -> None:
    """Print a Markdown table with a row for each variant, and a column for each object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("objects", type=Path)
    parser.add_argument("--variants", nargs="+", default=[*VARIANTS])
    parser.add_argument("--model", default="nano")
    parser.add_argument("--steps", type=int, default=0, help="denoising steps")
    parser.add_argument("--sampler", choices=SAMPLERS, default="dpm++")
    parser.add_argument("--eta", type=float, default=0.0, help="noise added in each step of ddim")
    parser.add_argument("--guidance", type=float, default=0.0, help="0 uses the model's default")
    parser.add_argument("--resolution", type=int, default=96)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--count", type=int, default=0, help="objects, evenly spaced; 0: all")
    parser.add_argument("--out", type=Path, help="receives the numbers as JSON")
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name)
               for name in ("model", "steps", "sampler", "eta", "guidance", "resolution",
                            "iterations")}
    variants = [Variant.named(name) for name in arguments.variants]
    objects = list(read_test_objects(arguments.objects))
    objects = evenly_spaced(objects, arguments.count) if arguments.count else objects
    names = [rendered.name for rendered, _ in objects]
    print("| variant |", " | ".join(names), "| mean | UNet evaluations |")
    print("|---" * (len(names) + 3) + "|")
    table: dict[str, dict[str, tuple[float, int]]] = {}
    for variant in variants:
        torch.manual_seed(0)
        row = table[variant.name] = {}
        for rendered, path in objects:
            truth = load_shape(path)
            assert isinstance(truth, Triangles)
            found = compare(normalised_truth(path), truth, variant, options)
            row[rendered.name] = (found.iou, found.unet_evaluations)
        ious, evaluations = np.array(list(row.values())).T
        print(f"| {variant.name} |", " | ".join(f"{iou:.3f}" for iou in ious),
              f"| {ious.mean():.3f} | {evaluations.mean():.0f} |", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps({**options, "table": table}, indent=1),
                                 encoding="utf-8")


if __name__ == "__main__":
    main()
