# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How good meshes from one picture are: the whole job on test objects whose shape is known.

View 0 of an object is the input; the truth faces the camera of azimuth 0.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..camera import DEFAULT_RADIUS, two_ring_orbit
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..core.requests import ReconstructRequest
from ..imaging.view_set import ViewSet
from ..jobs import run as jobs
from ..mesh.rendering import Lights, TexturedTriangles, load_textured
from ..mesh.triangles import Triangles
from ..training.shards import RenderedObject
from .datasets import read_objects
from .meshes import Alignment, MeshScores, compare
from .predictions import find_prediction, load_shape
from .selection import spread

TRUE_VIEW_SIZE = 256
"""Side in pixels of the renderings of the truth."""
LIGHTS = Lights(np.array([[0.64, -0.48, 0.6], [-0.6, 0.64, 0.48]]), np.array([0.45, 0.25]), 0.45)
"""What lights the truth: without, a bowl of one colour would look like its lid."""


def read_test_objects(folder: Path, damaged: Callable[[EngineError], None] | None = None
                      ) -> Iterator[tuple[RenderedObject, Path]]:
    """Every object of a test set (see `engine.evaluation.datasets`) with its true mesh.

    `damaged` is told of objects that can't be used, and the others follow; without it the first one
    is an error.

    Raises:
        EngineError: `BAD_INPUT` if there are none, or one is damaged or without its mesh.
    """
    for thing in read_objects(folder, damaged):
        if thing.mesh is not None:
            yield thing.rendered, thing.mesh
            continue
        problem = EngineError(
            ErrorCode.BAD_INPUT, f"the mesh of {thing.rendered.name} in {folder} is missing",
            "a test set holds one mesh for each object of its views")
        if damaged is None:
            raise problem
        damaged(problem)


def reconstruct_object(rendered: RenderedObject, out: Path, options: dict[str, Any],
                       picture: np.ndarray | None = None) -> Path:
    """Reconstruct an object from its view 0 as a user would; an earlier result in `out` is kept.

    `options`: fields of the request; `picture`: H x W x 4 uint8, instead of view 0, by the same
    camera. Returns the mesh's file.
    """
    mesh = out / "mesh.glb"
    if not mesh.is_file():
        azimuth, elevation, radius = map(float, rendered.pose[0])
        if azimuth:
            raise EngineError(ErrorCode.BAD_INPUT, f"{rendered.name}'s input is at {azimuth:g} "
                              "degrees of azimuth", "the input's azimuth must be 0")
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "input.png"
            Image.fromarray(rendered.rgba[0] if picture is None else picture).save(image)
            jobs.run(ReconstructRequest(
                image=str(image), out=str(out), input_elevation=elevation, input_radius=radius,
                framing="keep", **options), SilentReporter())
    return mesh


def normalised_truth(truth: Path) -> TexturedTriangles:
    """The true mesh as the test set's views show it: centred, longest side 1."""
    thing = load_textured(truth)
    low, high = thing.corners.min(axis=(0, 1)), thing.corners.max(axis=(0, 1))
    return replace(thing, corners=(thing.corners - (low + high) / 2) / (high - low).max())


def true_views(thing: TexturedTriangles, count: int) -> ViewSet:
    """Rendered pictures of an object from the cameras whose views `reconstruct` would sample."""
    azimuth, elevation = np.array(two_ring_orbit(count)).T
    images = [thing.picture(a, e, DEFAULT_RADIUS, TRUE_VIEW_SIZE, LIGHTS)
              for a, e in zip(azimuth, elevation, strict=True)]
    return ViewSet(np.stack(images) / np.float32(255), azimuth, elevation,
                   np.full(count, DEFAULT_RADIUS), np.zeros(count, int))


def evaluate_meshes(folder: Path, out: Path, options: dict[str, Any], reporter: Reporter, *,
                    predictions: Path | None = None, up: str = "",
                    alignment: Alignment = Alignment.SCALE, last: int = 0, count: int = 0,
                    perfect_views: bool = False,
                    damaged: Callable[[EngineError], None] | None = None
                    ) -> dict[str, MeshScores]:
    """Scores by object. Reconstructions go to `out/NAME`, so that a stopped run goes on.

    `predictions`: a folder of another method's shapes (see `find_prediction`), scored instead, with
    the axis `up` (see `load_shape`). `last`: only so many objects of the end; `count`: only so many
    of those, evenly spaced. `perfect_views`: fit renderings of the truth instead of the model's
    views, which tells what the reconstruction alone loses. `damaged` is told of objects and
    predictions that are missing or can't be used; without it the first one is an error.
    """
    objects = list(read_test_objects(folder, damaged))[-last:]
    objects = spread(objects, count) if count else objects
    scores = {}
    for done, (rendered, truth) in enumerate(objects, 1):
        place = out / rendered.name
        if predictions:
            try:
                shape = load_shape(find_prediction(predictions, rendered.name), up)
            except EngineError as error:
                if damaged is None:
                    raise
                damaged(error)
                continue
        else:
            given, picture = {}, None
            if perfect_views and not (place / "mesh.glb").is_file():
                thing = normalised_truth(truth)
                saved = true_views(thing, options["view_count"]).save(place / "truth")
                given = {"views": str(saved)}
                azimuth, elevation, radius = map(float, rendered.pose[0])
                picture = thing.picture(azimuth, elevation, radius, TRUE_VIEW_SIZE, LIGHTS)
            shape = load_shape(
                reconstruct_object(rendered, place, {**options, **given}, picture))
        true_shape = load_shape(truth)
        if not isinstance(true_shape, Triangles):
            raise EngineError(ErrorCode.BAD_INPUT, f"{truth} has no faces", "the truth is a mesh")
        scores[rendered.name] = compare(shape, true_shape, alignment=alignment)
        reporter.progress("evaluate", done, len(objects))
    return scores


def mean_scores(scores: dict[str, MeshScores]) -> dict[str, float | None]:
    """The average of every measure over the objects that have it; None if none has."""
    mean: dict[str, float | None] = {}
    for measure in (field.name for field in fields(MeshScores)):
        values = [value for row in scores.values() if (value := getattr(row, measure)) is not None]
        mean[measure] = float(np.mean(values)) if values else None
    return mean


def mean_cost(out: Path, names: Iterable[str]) -> dict[str, float]:
    """What a reconstruction took on average, from the reports in `out/NAME`; the highest memory
    peak of all.
    """
    reports = [json.loads((out / name / "report.json").read_text()) for name in names]
    seconds = [sum(stage["seconds"] for stage in report["stages"]) for report in reports]
    return {"unet_evaluations": float(np.mean([report["unet_evaluations"] for report in reports])),
            "seconds": float(np.mean(seconds)),
            "peak_memory_mb": max(report["peak_memory_mb"] for report in reports)}
