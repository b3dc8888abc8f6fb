# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the reconstruction methods: runs `evaluate meshes` for each and makes one table."""

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
"""Name in the table to options of `evaluate meshes`."""
VARIATIONS = "sjc-i"
"""The method whose own model is Image Variations."""
COLUMNS = ("IoU", "Chamfer", "F-score", "UNet evaluations", "seconds", "peak memory, MB")


def compare_methods(names: Sequence[str], out: Path, arguments: Sequence[str], reporter: Reporter,
                    variations: Path | None = None) -> dict[str, dict[str, Any]]:
    """The records that `evaluate meshes` writes, by method.

    Each method runs in a process of its own, so that its memory peak is measured, and writes to
    `out/NAME`. An interrupted comparison resumes.

    Args:
        arguments: command line of every method, the objects first.
        variations: folder of Image Variations, the model of the method `VARIATIONS`.

    Raises:
        EngineError: `INTERNAL` if a method fails; its error is on stderr.
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
                              "its error is printed above; the same command resumes the comparison")
        records[name] = json.loads((place / "scores.json").read_text(encoding="utf-8"))
    reporter.progress("compare", len(names), len(names))
    return records


def table(records: dict[str, dict[str, Any]]) -> str:
    """The records as a Markdown table."""
    lines = [f"| method | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, record in records.items():
        mean, cost = record["mean"], record["cost"]
        cells = (f"{mean['iou']:.3f}", f"{mean['chamfer']:.4f}", f"{mean['f_score']:.3f}",
                 f"{cost['unet_evaluations']:,.0f}", f"{cost['seconds']:,.0f}",
                 f"{cost['peak_memory_mb']:,.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
