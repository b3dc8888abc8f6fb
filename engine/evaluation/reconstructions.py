# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstructs test objects whose shape is known, and scores the meshes.

View 0 of an object is the input image; the truth faces the camera of azimuth 0.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..camera import DEFAULT_RADIUS, two_ring_orbit
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..core.requests import ReconstructRequest
from ..imaging import premultiplied
from ..imaging.view_set import ViewSet
from ..jobs import run as jobs
from ..mesh.rendering import Lights, TexturedTriangles, load_textured
from ..mesh.triangles import FloatArray, Triangles
from ..training.shards import RenderedObject
from .datasets import read_objects
from .meshes import Alignment, MeshScores, compare
from .predictions import find_prediction, load_shape
from .selection import evenly_spaced
from .syncdreamer import SyncDreamerScores, compare_syncdreamer

TRUE_VIEW_SIZE = 256
"""Side of renderings of the truth, pixels."""
LIGHTS = Lights(np.array([[0.64, -0.48, 0.6], [-0.6, 0.64, 0.48]]), np.array([0.45, 0.25]), 0.45)
"""Two lights and ambient light for renderings of the truth. In ambient light alone, a bowl of one
colour would look like a disc."""
PROTOCOLS = ("zero123", "syncdreamer")
"""Metrics of `engine.evaluation.meshes` and of `engine.evaluation.syncdreamer`."""

OnDamaged = Callable[[EngineError], None]
"""Called with the reason why an object or prediction is left out."""
Scores = MeshScores | SyncDreamerScores


@dataclass(frozen=True)
class MeshEvaluation:
    """The settings of an evaluation of meshes."""

    options: dict[str, Any] = field(default_factory=dict)
    """Fields of the `ReconstructRequest` for each object."""
    predictions: Path | None = None
    """Folder of another method's shapes (see `find_prediction`), scored instead."""
    up: str = ""
    """Up axis of the predictions (see `load_shape`)."""
    alignment: Alignment = Alignment.SCALE
    """Alignment in the protocol "zero123"; "syncdreamer" never aligns."""
    protocol: str = PROTOCOLS[0]
    last: int = 0
    """Number of objects at the end of the test set to use; 0: all."""
    count: int = 0
    """Number of these objects to use, evenly spaced; 0: all."""
    perfect_views: bool = False
    """Fit renderings of the truth instead of the model's views, which shows what the reconstruction
    alone loses."""

    def score(self, shape: Triangles | FloatArray, truth: Triangles) -> Scores:
        """The scores of a shape by the protocol."""
        if self.protocol == "syncdreamer":
            return compare_syncdreamer(shape, truth)
        return compare(shape, truth, alignment=self.alignment)


def read_test_objects(folder: Path, damaged: OnDamaged | None = None
                      ) -> Iterator[tuple[RenderedObject, Path]]:
    """Every object of a test set (see `engine.evaluation.datasets`) with its true mesh.

    `damaged` is called for objects that cannot be used, and the others follow; without it the first
    such object is an error.

    Raises:
        EngineError: `BAD_INPUT` if there are no objects, or one is damaged or lacks its mesh.
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
                       image: np.ndarray | None = None) -> Path:
    """Reconstruct an object from its view 0 as a user would; an earlier result in `out` is kept.

    Args:
        options: fields of the request.
        image: (h, w, 4) uint8 of the same camera, instead of view 0.

    Returns:
        The mesh's file.

    Raises:
        EngineError: `BAD_INPUT` if view 0 is not at azimuth 0, and whatever the job raises.
    """
    mesh = out / "mesh.glb"
    if not mesh.is_file():
        azimuth, elevation, radius = map(float, rendered.pose[0])
        if azimuth:
            raise EngineError(ErrorCode.BAD_INPUT, f"{rendered.name}'s input is at {azimuth:g} "
                              "degrees of azimuth", "the input's azimuth must be 0")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "input.png"
            Image.fromarray(rendered.rgba[0] if image is None else image).save(path)
            jobs.run(ReconstructRequest(
                image=str(path), out=str(out), input_elevation=elevation, input_radius=radius,
                framing="keep", **options), SilentReporter())
    return mesh


def normalised_truth(truth: Path) -> TexturedTriangles:
    """The true mesh as the test set's views show it: centred, longest side 1."""
    thing = load_textured(truth)
    low, high = thing.corners.min(axis=(0, 1)), thing.corners.max(axis=(0, 1))
    return replace(thing, corners=(thing.corners - (low + high) / 2) / (high - low).max())


def true_views(thing: TexturedTriangles, count: int, size: int = TRUE_VIEW_SIZE) -> ViewSet:
    """Renderings of an object from the cameras whose views `reconstruct` would sample.

    `size`: side of the images, pixels.
    """
    azimuth, elevation = np.array(two_ring_orbit(count)).T
    images = [thing.render(a, e, DEFAULT_RADIUS, size, LIGHTS)
              for a, e in zip(azimuth, elevation, strict=True)]
    return ViewSet(premultiplied(np.stack(images) / np.float32(255)), azimuth, elevation,
                   np.full(count, DEFAULT_RADIUS), np.zeros(count, int))


def evaluate_meshes(folder: Path, out: Path, evaluation: MeshEvaluation, reporter: Reporter,
                    damaged: OnDamaged | None = None) -> dict[str, Scores]:
    """The scores of each object, by its name. Reconstructions are kept in `out/NAME`, so that an
    interrupted run resumes.

    `damaged` is called for objects and predictions that are missing or cannot be used; without it
    the first such problem is an error.
    """
    objects = list(read_test_objects(folder, damaged))[-evaluation.last:]
    objects = evenly_spaced(objects, evaluation.count) if evaluation.count else objects
    scores = {}
    for done, (rendered, truth) in enumerate(objects, 1):
        try:
            shape = _shape(rendered, truth, out / rendered.name, evaluation)
        except _NoPrediction as problem:
            if damaged is None:
                raise problem.error from problem
            damaged(problem.error)
            continue
        true_shape = load_shape(truth)
        if not isinstance(true_shape, Triangles):
            raise EngineError(ErrorCode.BAD_INPUT, f"{truth} has no faces", "the truth is a mesh")
        scores[rendered.name] = evaluation.score(shape, true_shape)
        reporter.progress("evaluate", done, len(objects))
    return scores


class _NoPrediction(Exception):
    """A prediction that is missing or damaged, unlike a reconstruction that fails."""

    def __init__(self, error: EngineError) -> None:
        super().__init__(str(error))
        self.error = error


def _shape(rendered: RenderedObject, truth: Path, out: Path,
           evaluation: MeshEvaluation) -> Triangles | FloatArray:
    """The prediction or the reconstruction of an object."""
    if evaluation.predictions:
        try:
            return load_shape(find_prediction(evaluation.predictions, rendered.name),
                              evaluation.up)
        except EngineError as error:
            raise _NoPrediction(error) from error
    options, image = evaluation.options, None
    if evaluation.perfect_views and not (out / "mesh.glb").is_file():
        thing = normalised_truth(truth)
        saved = true_views(thing, options["view_count"]).save(out / "truth")
        options = {**options, "views": str(saved)}
        azimuth, elevation, radius = map(float, rendered.pose[0])
        image = thing.render(azimuth, elevation, radius, TRUE_VIEW_SIZE, LIGHTS)
    return load_shape(reconstruct_object(rendered, out, options, image))


def mean_scores(scores: Mapping[str, Scores]) -> dict[str, float | None]:
    """The mean of every metric over the objects that have it; None if none has."""
    rows = [asdict(row) for row in scores.values()]
    mean: dict[str, float | None] = {}
    for metric in rows[0] if rows else ():
        values = [row[metric] for row in rows if row[metric] is not None]
        mean[metric] = float(np.mean(values)) if values else None
    return mean


def mean_cost(out: Path, names: Iterable[str]) -> dict[str, float]:
    """The mean number of UNet evaluations and seconds of the reconstructions in `out/NAME`, and the
    highest of their memory peaks, from their reports.
    """
    reports = [json.loads((out / name / "report.json").read_text()) for name in names]
    seconds = [sum(stage["seconds"] for stage in report["stages"]) for report in reports]
    return {"unet_evaluations": float(np.mean([report["unet_evaluations"] for report in reports])),
            "seconds": float(np.mean(seconds)),
            "peak_memory_mb": max(report["peak_memory_mb"] for report in reports)}
