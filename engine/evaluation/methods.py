# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconstruction methods side by side: `evaluate meshes` once for each, as one table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter

COMPARED: dict[str, tuple[str, ...]] = {
    "views": (),
    "views-refined": ("--refine", "100"),
    "sds": ("--method", "sds"),
    "sjc": ("--method", "sjc"),
    "sjc-i": ("--method", "sjc-i"),
    "dietnerf": ("--method", "dietnerf"),
}
"""Name in the table: options of `evaluate meshes`."""
VARIATIONS = "sjc-i"
"""The one whose own model is Image Variations."""
COLUMNS = ("IoU", "Chamfer", "F-score", "UNet evaluations", "seconds", "peak memory, MB")


def compare_methods(names: Sequence[str], out: Path, arguments: Sequence[str], reporter: Reporter,
                    variations: Path | None = None) -> dict[str, dict[str, Any]]:
    """The record that `evaluate meshes` writes, for each of the methods.

    `arguments`: what all of them are given, the objects first. `variations`: the folder of Image
    Variations, for the method that is made for it. A method works in `out/NAME` and in
    a process of its own, so that each has its own peak of memory; a stopped comparison goes on.

    Raises:
        EngineError: `INTERNAL` if a method fails; its own words have gone to stderr by then.
    """
    records = {}
    for done, name in enumerate(names):
        reporter.progress("compare", done, len(names))
        place = out / name
        command = [sys.executable, "-m", "engine", "evaluate", "meshes", *arguments,
                   *COMPARED[name], "--out", str(place)]
        if variations and name == VARIATIONS:
            command += ["--model", str(variations)]
        root = Path(__file__).resolve().parents[2]
        if subprocess.run(command, cwd=root, check=False, stdout=subprocess.DEVNULL).returncode:
            raise EngineError(ErrorCode.INTERNAL, f"the method {name} failed",
                              "what it said stands above; the same command goes on after it")
        records[name] = json.loads((place / "scores.json").read_text(encoding="utf-8"))
    reporter.progress("compare", len(names), len(names))
    return records


def table(records: dict[str, dict[str, Any]]) -> str:
    """As Markdown."""
    lines = [f"| method | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, record in records.items():
        mean, cost = record["mean"], record["cost"]
        cells = (f"{mean['iou']:.3f}", f"{mean['chamfer']:.4f}", f"{mean['f_score']:.3f}",
                 f"{cost['unet_evaluations']:,.0f}", f"{cost['seconds']:,.0f}",
                 f"{cost['peak_memory_mb']:,.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
