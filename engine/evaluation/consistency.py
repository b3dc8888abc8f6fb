# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the effect of inconsistent views on a reconstruction, by true views with known defects.

Generated views disagree in unknown ways. Here all views are renderings of the true mesh, of which
some get a known defect, and the reconstruction is compared with the truth. The difference from the
score of intact views is the cost of the defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..core.requests import ReconstructRequest
from ..imaging import premultiplied, straight
from ..imaging.view_set import ViewSet
from ..jobs import run as jobs
from ..mesh.rendering import TexturedTriangles
from ..mesh.triangles import Triangles
from .defects import DEFECT_NAMES, IMAGE_DEFECTS, MISSING, WRONG_SIDE
from .meshes import normalised, volumetric_iou
from .predictions import load_shape
from .reconstructions import (
    LIGHTS,
    OnDamaged,
    normalised_truth,
    read_test_objects,
    true_views,
)
from .selection import evenly_spaced

VIEW_SIZE = 256
"""Side of the views, pixels."""


@dataclass(frozen=True)
class ConsistencyEvaluation:
    """The settings of an evaluation of consistency."""

    options: dict[str, Any] = field(default_factory=dict)
    """Fields of the `ReconstructRequest` for each reconstruction."""
    defects: tuple[str, ...] = ()
    """Names of `DEFECT_NAMES`; empty: all."""
    bad_counts: tuple[int, ...] = (0, 2, 4, 6)
    """Numbers of views that get the defect."""
    view_count: int = 16
    last: int = 0
    """Number of objects at the end of the test set to use; 0: all."""
    count: int = 0
    """Number of these objects to use, evenly spaced; 0: all."""
    seed: int = 0
    """Seed for the choice of the views with a defect, and for the random part of the defects."""


def evaluate_consistency(folder: Path, out: Path, evaluation: ConsistencyEvaluation,
                         reporter: Reporter, damaged: OnDamaged | None = None
                         ) -> dict[str, dict[str, float]]:
    """IoU of the reconstructions with the truth: object to "DEFECT K" (and "intact") to IoU.

    Each reconstruction is kept in `out/OBJECT/CASE`, so that an interrupted run resumes.

    Args:
        folder: a test set with meshes (see `engine.evaluation.datasets`).
        damaged: called for objects that cannot be used; without it the first one is an error.

    Raises:
        EngineError: `BAD_INPUT` for an unknown defect, more bad views than views, or no object.
    """
    _check(evaluation)
    objects = list(read_test_objects(folder, damaged))[-evaluation.last:]
    objects = evenly_spaced(objects, evaluation.count) if evaluation.count else objects
    cases = list(_cases(evaluation))
    scores: dict[str, dict[str, float]] = {}
    for number, (rendered, truth) in enumerate(objects):
        true_shape = load_shape(truth)
        if not isinstance(true_shape, Triangles):
            raise EngineError(ErrorCode.BAD_INPUT, f"{truth} has no faces", "the truth is a mesh")
        thing = normalised_truth(truth)
        row = scores[rendered.name] = {}
        for done, (defect, bad) in enumerate(cases):
            reporter.progress("evaluate", number * len(cases) + done, len(objects) * len(cases))
            case = case_name(defect, bad)
            place = out / rendered.name / case.replace(" ", "-")
            if not (place / "mesh.glb").is_file():
                views = views_with_defects(thing, defect, bad, evaluation, rendered.name)
                _reconstruct(views, place, evaluation.options)
            row[case] = _iou(place / "mesh.glb", true_shape)
    reporter.progress("evaluate", 1, 1)
    return scores


def case_name(defect: str, bad: int) -> str:
    """The name of a case in the tables; all defects share the case without bad views."""
    return f"{defect} {bad}" if bad else "intact"


def views_with_defects(thing: TexturedTriangles, defect: str, bad: int,
                       evaluation: ConsistencyEvaluation, name: str) -> ViewSet:
    """True views of an object, `bad` of which have the defect.

    The choice depends on the seed and the object's name alone: all defects hit the same views, and
    a larger number of bad views contains the smaller ones.
    """
    views = true_views(thing, evaluation.view_count, VIEW_SIZE)
    rng = np.random.default_rng((evaluation.seed, crc32(name.encode())))
    chosen = rng.permutation(evaluation.view_count)[:bad]
    if defect == MISSING:
        kept = np.setdiff1d(np.arange(len(views)), chosen)
        return replace(views, **{name: getattr(views, name)[kept] for name in (
            "images", "azimuth_deg", "elevation_deg", "radius", "sample")})
    images = views.images.copy()
    for i in chosen:
        if defect == WRONG_SIDE:
            seen = thing.render(views.azimuth_deg[i] + 180, views.elevation_deg[i],
                                views.radius[i], VIEW_SIZE, LIGHTS) / np.float32(255)
        else:
            seen = IMAGE_DEFECTS[defect](straight(images[i]), rng)
        images[i] = premultiplied(seen)
    return replace(views, images=images)


def mean_ious(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """The mean IoU of each case over the objects."""
    cases = next(iter(scores.values()), {})
    return {case: float(np.mean([row[case] for row in scores.values()])) for case in cases}


def consistency_table(means: dict[str, float], evaluation: ConsistencyEvaluation) -> str:
    """A Markdown table: a row per defect, a column per number of bad views."""
    counts = sorted(set(evaluation.bad_counts))
    lines = [f"| defect | {' | '.join(map(str, counts))} |", "|---" * (len(counts) + 1) + "|"]
    for defect in evaluation.defects or DEFECT_NAMES:
        cells = [f"{means[case_name(defect, bad)]:.3f}" for bad in counts]
        lines.append(f"| {defect} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cases(evaluation: ConsistencyEvaluation) -> Iterator[tuple[str, int]]:
    """(defect, number of bad views) of every case, each once."""
    defects: Sequence[str] = evaluation.defects or DEFECT_NAMES
    if 0 in evaluation.bad_counts:
        yield "", 0
    for defect in defects:
        for bad in sorted(set(evaluation.bad_counts) - {0}):
            yield defect, bad


def _check(evaluation: ConsistencyEvaluation) -> None:
    unknown = set(evaluation.defects) - set(DEFECT_NAMES)
    if unknown:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown defect {sorted(unknown)[0]!r}",
                          f"choose from {', '.join(DEFECT_NAMES)}")
    if not all(0 <= bad < evaluation.view_count for bad in evaluation.bad_counts):
        raise EngineError(ErrorCode.BAD_INPUT, "there are fewer views than requested defective "
                                               "views",
                          f"give 0 to {evaluation.view_count - 1}")


def _reconstruct(views: ViewSet, out: Path, options: dict[str, Any]) -> None:
    saved = views.save(out.with_name(out.name + "-views"))
    jobs.run(ReconstructRequest(views=str(saved), out=str(out), **options), SilentReporter())


def _iou(mesh: Path, truth: Triangles) -> float:
    """Volumetric IoU in the frame of the truth, without alignment, because cameras are true."""
    shape = load_shape(mesh)
    assert isinstance(shape, Triangles)
    return volumetric_iou(shape, normalised(truth))
