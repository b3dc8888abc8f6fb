# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of a training's log: loss and held-out error over hours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import EngineError, ErrorCode
from ..core.staging import staged_file

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

VALIDATION_ERRORS = {"held_out": "held out",
                     "held_out_shuffled": "held out, cameras of other pairs"}
"""Keys of errors on objects that are not trained on, with their legends."""
COLUMNS = 3
"""Number of panels side by side."""
SMOOTHING = 0.9
"""Weight of the earlier values in the moving average of the loss, per logged step."""


@dataclass
class Stage:
    """The log of one training; the lists have one entry per logged step."""

    name: str
    hours: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    measured: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Key of `VALIDATION_ERRORS` to (hours, value)."""


def read_log(lines: Iterable[str]) -> list[Stage]:
    """The stages of a log in JSON lines; every line may name its `stage`.

    Raises:
        EngineError: `BAD_INPUT` with the line's number, if a line is not a record of a training.
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
            for key in (key for key in VALIDATION_ERRORS if key in record):
                hours = stage.hours[-1] if stage.hours else 0.0
                stage.measured.setdefault(key, []).append((hours, float(record[key])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"line {number} is not a record of a training: "
                              f"{error}", "give the log.jsonl that `train` writes") from error
    return stages


def draw(stages: list[Stage], path: Path) -> None:
    """Draw one panel per stage, `COLUMNS` in a row, as PNG."""
    columns = max(min(COLUMNS, len(stages)), 1)
    rows = max(math.ceil(len(stages) / columns), 1)
    figure = new_figure(4.2 * columns, 3.2 * rows)
    for number, stage in enumerate(stages, 1):
        panel = figure.add_subplot(rows, columns, number)
        panel.plot(stage.hours, stage.loss, linewidth=0.9, label="training loss")
        for key, points in stage.measured.items():
            panel.plot(*zip(*points, strict=True), marker=".", label=VALIDATION_ERRORS[key])
        panel.set(title=stage.name, xlabel="hours", yscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend(fontsize="small")
    with staged_file(path) as staged:
        save_figure(figure, staged)


def draw_progress(stages: list[Stage], images: Sequence[np.ndarray], path: Path) -> None:
    """Draw the state of a running training as a square PNG: the loss over minutes, and below it
    three images.

    `images`: input, sample and truth, (s, s, 3) in [0, 1].
    """
    figure = new_figure(5.12, 5.12)
    grid = figure.add_gridspec(2, len(images), height_ratios=(1.6, 1))
    panel = figure.add_subplot(grid[0, :])
    for stage in stages:
        minutes = [60 * hours for hours in stage.hours]
        panel.plot(minutes, stage.loss, linewidth=0.6, alpha=0.4, color="tab:blue")
        panel.plot(minutes, _smooth(stage.loss), linewidth=1.8, color="tab:blue")
    panel.set(title="loss", xlabel="minutes", yscale="log")
    panel.grid(alpha=0.3, which="both")
    for column, (title, image) in enumerate(zip(("input", "sample", "truth"), images,
                                                strict=True)):
        panel = figure.add_subplot(grid[1, column])
        panel.imshow(image.clip(0, 1))
        panel.set_title(title)
        panel.axis("off")
    with staged_file(path) as staged:
        save_figure(figure, staged)


def _smooth(values: Sequence[float]) -> list[float]:
    """Exponential moving average, corrected for its start."""
    smoothed, total = 0.0, 0.0
    result = []
    for value in values:
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * value
        total = SMOOTHING * total + (1 - SMOOTHING)
        result.append(smoothed / total)
    return result


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG with 100 dots per inch; the same figure gives the same bytes."""
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})
