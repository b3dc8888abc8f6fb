# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the records of `evaluate views`, `meshes` and `methods` for a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..core.files import UNREADABLE_JSON
from ..imaging import read_image

SCORES_FILE = "scores.json"


@dataclass(frozen=True)
class Metric:
    """A column of the tables."""

    title: str
    better: int = 0
    """1: higher is better, -1: lower is better, 0: a cost, which is only reported."""


METRICS = {
    "psnr": Metric("PSNR", 1), "ssim": Metric("SSIM", 1), "lpips": Metric("LPIPS", -1),
    "fid": Metric("FID", -1), "silhouette_iou": Metric("silhouette IoU", 1),
    "gmsd": Metric("GMSD", -1), "chamfer": Metric("Chamfer", -1), "iou": Metric("IoU", 1),
    "f_score": Metric("F-score", 1), "normal_consistency": Metric("normal consistency", 1),
    "chamfer_icp": Metric("Chamfer, ICP", -1), "f_score_icp": Metric("F-score, ICP", 1),
    "unet_evaluations": Metric("UNet evaluations"), "seconds": Metric("seconds"),
    "peak_memory_mb": Metric("peak memory, MB"),
}
"""The metrics by their keys in the records, in the order of the tables' columns."""

Row = dict[str, float]


@dataclass
class Results:
    """The scores of all methods."""

    views: dict[str, dict[str, Row]] = field(default_factory=dict)
    """Method to range of azimuths to metric."""
    meshes: dict[str, Row] = field(default_factory=dict)
    """Method to metric: the mean over its objects, and its cost."""
    reconstructions: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Method to object to its mesh file, for meshes that are kept beside the scores."""
    sheets: list[Path] = field(default_factory=list)
    """Images of `evaluate sheet`."""

    def __len__(self) -> int:
        return len(self.views) + len(self.meshes) + len(self.sheets)


def read_results(paths: Iterable[Path], damaged: Callable[[EngineError], None]) -> Results:
    """The records at some paths: files, folders with a scores.json, or folders of such folders;
    .png files are sheets.

    `damaged` is called for each path that cannot be used; the others are read.
    """
    results = Results()
    for path in paths:
        try:
            for file in _files(path):
                _add(results, file)
        except EngineError as error:
            damaged(error)
    return results


def metrics_of(rows: Iterable[Row]) -> list[str]:
    """The keys of the metrics that any row has, in the order of the tables' columns."""
    present = {name for row in rows for name in row}
    return [name for name in METRICS if name in present]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = [path / SCORES_FILE] if (path / SCORES_FILE).is_file() else sorted(
            path.glob(f"*/{SCORES_FILE}"))
        if inside:
            return inside
    if not path.is_file():
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} contains no scores",
                          "give what `evaluate views --out`, `meshes` or `methods` has written")
    return [path]


def _add(results: Results, file: Path) -> None:
    if file.suffix.lower() == ".png":
        read_image(file)  # raises if it is damaged
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
    except UNREADABLE_JSON as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{file} holds no scores: {first_line(error)}",
                          "evaluate this method again") from error


def _row(values: dict[str, Any]) -> Row:
    return {str(name): float(value) for name, value in values.items() if value is not None}


def _free(method: str, source: str, taken: dict[str, Any], same: Any) -> str:
    """The method's name, extended by its source if another method has this name already."""
    if method not in taken or taken[method] == same:
        return method
    label, count = f"{method} ({source})", 2
    while label in taken and taken[label] != same:
        label, count = f"{method} ({source}, {count})", count + 1
    return label
