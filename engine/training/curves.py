# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A training's log as a picture: loss and held-out error against hours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..protocol import EngineError, ErrorCode

MEASURES = {"held_out": "held out", "held_out_shuffled": "held out, cameras of other pairs"}
"""Keys of the log that hold errors of objects the training never saw, with their legend."""
COLUMNS = 3
"""Panels side by side."""


@dataclass
class Stage:
    """One run of the loop."""

    name: str
    hours: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    measured: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Measure to (hours, value)."""


def read_log(lines: Iterable[str]) -> list[Stage]:
    """The stages of a log in JSON lines; every line may name its `stage`.

    Raises:
        EngineError: `BAD_INPUT`, with the line, if one isn't a record of the loop.
    """
    stages: list[Stage] = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            name = record.get("stage", "training")
            if not stages or stages[-1].name != name:
                stages.append(Stage(name))
            stage = stages[-1]
            if "loss" in record:
                stage.hours.append(float(record["seconds"]) / 3600)
                stage.loss.append(float(record["loss"]))
            for key in (key for key in MEASURES if key in record):
                hours = stage.hours[-1] if stage.hours else 0.0
                stage.measured.setdefault(key, []).append((hours, float(record[key])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"line {number} is no record of a training: "
                              f"{error}", "give the log.jsonl that `train` writes") from error
    return stages


def draw(stages: list[Stage], path: Path) -> None:
    """One panel per stage, `COLUMNS` in a row, written as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(min(COLUMNS, len(stages)), 1)
    rows = max(math.ceil(len(stages) / columns), 1)
    figure = Figure(figsize=(4.2 * columns, 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for number, stage in enumerate(stages, 1):
        panel = figure.add_subplot(rows, columns, number)
        panel.plot(stage.hours, stage.loss, linewidth=0.9, label="training loss")
        for key, points in stage.measured.items():
            panel.plot(*zip(*points, strict=True), marker=".", label=MEASURES[key])
        panel.set(title=stage.name, xlabel="hours", yscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend(fontsize="small")
    partial = path.with_name(path.name + ".part")
    figure.savefig(partial, format="png", dpi=110, metadata={"Software": None})
    partial.replace(path)
