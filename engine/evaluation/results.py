# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `evaluate views`, `meshes` and `methods` have written, gathered for a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..imaging import read_image

SCORES_FILE = "scores.json"


@dataclass
class Measure:
    """A column of the tables."""

    title: str
    better: int = 0
    """1: higher is better, -1: lower, 0: it only tells the cost."""


MEASURES = {
    "psnr": Measure("PSNR", 1), "ssim": Measure("SSIM", 1), "lpips": Measure("LPIPS", -1),
    "fid": Measure("FID", -1), "silhouette_iou": Measure("silhouette IoU", 1),
    "gmsd": Measure("GMSD", -1), "chamfer": Measure("Chamfer", -1), "iou": Measure("IoU", 1),
    "f_score": Measure("F-score", 1), "chamfer_icp": Measure("Chamfer, ICP", -1),
    "f_score_icp": Measure("F-score, ICP", 1), "unet_evaluations": Measure("UNet evaluations"),
    "seconds": Measure("seconds"), "peak_memory_mb": Measure("peak memory, MB"),
}
"""By their keys in the records, in the order of the tables."""

Row = dict[str, float]


@dataclass
class Results:
    """Scores of all methods."""

    views: dict[str, dict[str, Row]] = field(default_factory=dict)
    """Method, then range of azimuths, then measure."""
    meshes: dict[str, Row] = field(default_factory=dict)
    """Method, then measure; the mean of its objects, and its cost."""
    reconstructions: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Method, then object: its mesh, where it is kept beside the scores."""
    sheets: list[Path] = field(default_factory=list)
    """Pictures of `evaluate sheet`."""

    def __len__(self) -> int:
        return len(self.views) + len(self.meshes) + len(self.sheets)


def read_results(paths: Iterable[Path], damaged: Callable[[EngineError], None]) -> Results:
    """The records at some paths: files, folders with a scores.json, or folders of such folders;
    .png files are sheets. `damaged` is told of what can't be used, and the others follow."""
    results = Results()
    for path in paths:
        try:
            for file in _files(path):
                _add(results, file)
        except EngineError as error:
            damaged(error)
    return results


def measures_of(rows: Iterable[Row]) -> list[str]:
    """The keys of the measures that any row has, in the order of the tables."""
    there = {name for row in rows for name in row}
    return [name for name in MEASURES if name in there]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = [path / SCORES_FILE] if (path / SCORES_FILE).is_file() else sorted(
            path.glob(f"*/{SCORES_FILE}"))
        if inside:
            return inside
    if not path.is_file():
        raise EngineError(ErrorCode.BAD_INPUT, f"there are no scores in {path}",
                          "give what `evaluate views --out`, `meshes` or `methods` has written")
    return [path]


def _add(results: Results, file: Path) -> None:
    if file.suffix.lower() == ".png":
        read_image(file)  # to know that it can be
        results.sheets.append(file)
        return
    # A method is named by its folder, or by its own file.
    name = file.resolve().parent.name if file.name == SCORES_FILE else file.stem
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if "scores" in record:
            for method, scores in record["scores"].items():
                rows = {str(bucket): _row(row) for bucket, row in scores.items()}
                results.views[_free(Path(method).name, name, results.views, rows)] = rows
        else:
            row = _row({**record["mean"], **record["cost"]})
            label = _free(name, str(len(results.meshes) + 1), results.meshes, row)
            results.meshes[label] = row
            kept = {thing: file.parent / Path(thing).name / "mesh.glb"
                    for thing in record["objects"]}
            results.reconstructions[label] = {
                thing: mesh for thing, mesh in kept.items() if mesh.is_file()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error) or type(error).__name__
        raise EngineError(ErrorCode.BAD_INPUT, f"{file} holds no scores: {reason}",
                          "evaluate this method again") from error


def _row(values: dict[str, Any]) -> Row:
    return {str(name): float(value) for name, value in values.items() if value is not None}


def _free(method: str, source: str, taken: dict[str, Any], same: Any) -> str:
    """The method's name, with where it comes from if another one has it already."""
    if method not in taken or taken[method] == same:
        return method
    label, count = f"{method} ({source})", 2
    while label in taken and taken[label] != same:
        label, count = f"{method} ({source}, {count})", count + 1
    return label
