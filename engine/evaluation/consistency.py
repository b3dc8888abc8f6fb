# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the effect of inconsistent views on a reconstruction, by true views with known defects.

Generated views disagree in unknown ways. Here all views are renderings of the true mesh, of which
some get a known defect, and the reconstruction is compared with the truth. The difference from the
score of intact views is the cost of the defect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np

from ..core.errors import EngineError, ErrorCode
from ..core.files import read_json_object
from ..core.reporting import Reporter
from ..core.staging import staged_file
from ..imaging import premultiplied
from ..imaging.view_set import ViewSet
from ..mesh.rendering import TexturedTriangles
from ..mesh.triangles import Triangles
from ..reconstruction import ReconstructionSettings, reconstruct
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
SETTINGS = ReconstructionSettings(texture_size=64)
"""Default settings of a reconstruction; the texture does not matter for the IoU."""


@dataclass(frozen=True)
class ConsistencyEvaluation:
    """The settings of an evaluation of consistency."""

    settings: ReconstructionSettings = SETTINGS
    """Settings of each reconstruction."""
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

    def generator(self, name: str) -> np.random.Generator:
        """The generator of the defects of an object, the same for all cases: all defects hit the
        same views, and a larger number of bad views contains the smaller ones."""
        return np.random.default_rng((self.seed, crc32(name.encode())))


@dataclass(frozen=True)
class Case:
    """A number of views that have the same defect."""

    defect: str = ""
    """A name of `DEFECT_NAMES`; empty without bad views, a case that all defects share."""
    bad: int = 0
    """Number of views with the defect."""

    @property
    def name(self) -> str:
        """The name in the tables."""
        return f"{self.defect} {self.bad}" if self.bad else "intact"


def evaluate_consistency(folder: Path, out: Path, evaluation: ConsistencyEvaluation,
                         reporter: Reporter, damaged: OnDamaged | None = None
                         ) -> dict[str, dict[str, float]]:
    """IoU of the reconstructions with the truth: object to "DEFECT K" (and "intact") to IoU.

    The values of each object are kept in `out/OBJECT.json`, so that an interrupted run resumes.

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
        intact = true_views(thing, evaluation.view_count, VIEW_SIZE)
        kept = out / f"{rendered.name}.json"
        known = read_json_object(kept)
        for done, case in enumerate(cases):
            reporter.progress("evaluate", number * len(cases) + done, len(objects) * len(cases))
            if case.name not in known:
                views = views_with_defects(thing, intact, case,
                                           evaluation.generator(rendered.name))
                known[case.name] = _iou(views, evaluation.settings, true_shape)
                with staged_file(kept) as stage:
                    stage.write_text(json.dumps(known, indent=1), encoding="utf-8")
        scores[rendered.name] = {case.name: known[case.name] for case in cases}
    reporter.progress("evaluate", 1, 1)
    return scores


def views_with_defects(thing: TexturedTriangles, intact: ViewSet, case: Case,
                       rng: np.random.Generator) -> ViewSet:
    """The views of an object, some of which get the defect of a case.

    Args:
        intact: true views of the object, not changed.
        rng: chooses the views and the random part of the defect.
    """
    chosen = rng.permutation(len(intact))[:case.bad]
    if case.defect == MISSING:
        kept = np.setdiff1d(np.arange(len(intact)), chosen)
        return replace(intact, **{name: getattr(intact, name)[kept] for name in (
            "images", "azimuth_deg", "elevation_deg", "radius", "sample")})
    images = intact.images.copy()
    for i in chosen:
        if case.defect == WRONG_SIDE:
            images[i] = premultiplied(thing.render(
                intact.azimuth_deg[i] + 180, intact.elevation_deg[i], intact.radius[i],
                images.shape[1], LIGHTS) / np.float32(255))
        else:
            images[i] = IMAGE_DEFECTS[case.defect](images[i], rng)
    return replace(intact, images=images)


def mean_ious(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """The mean IoU of each case over the objects."""
    cases = next(iter(scores.values()), {})
    return {case: float(np.mean([row[case] for row in scores.values()])) for case in cases}


def consistency_table(means: dict[str, float], evaluation: ConsistencyEvaluation) -> str:
    """A Markdown table: a row per defect, a column per number of bad views."""
    counts = sorted(set(evaluation.bad_counts))
    lines = [f"| defect | {' | '.join(map(str, counts))} |", "|---" * (len(counts) + 1) + "|"]
    for defect in evaluation.defects or DEFECT_NAMES:
        cells = [f"{means[Case(defect, bad).name]:.3f}" for bad in counts]
        lines.append(f"| {defect} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cases(evaluation: ConsistencyEvaluation) -> Iterator[Case]:
    """Every case once."""
    if 0 in evaluation.bad_counts:
        yield Case()
    for defect in evaluation.defects or DEFECT_NAMES:
        for bad in sorted(set(evaluation.bad_counts) - {0}):
            yield Case(defect, bad)


def _check(evaluation: ConsistencyEvaluation) -> None:
    unknown = set(evaluation.defects) - set(DEFECT_NAMES)
    if unknown:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown defect {sorted(unknown)[0]!r}",
                          f"choose from {', '.join(DEFECT_NAMES)}")
    if not all(0 <= bad < evaluation.view_count for bad in evaluation.bad_counts):
        raise EngineError(ErrorCode.BAD_INPUT, "there are fewer views than requested defective "
                                               "views",
                          f"give 0 to {evaluation.view_count - 1}")


def _iou(views: ViewSet, settings: ReconstructionSettings, truth: Triangles) -> float:
    """Volumetric IoU of the mesh that is fitted to the views alone, in the frame of the truth:
    without alignment, because the cameras are true."""
    mesh = reconstruct(views, settings).mesh
    return volumetric_iou(Triangles(mesh.vertices, mesh.faces), normalised(truth))
