# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and figures of evaluated methods: CSV, PNG and one HTML page. The same results give the
same bytes.
"""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ..core.staging import staged_folder
from ..mesh.rendering import load_textured
from .predictions import load_shape
from .reconstructions import LIGHTS
from .results import MEASURES, Results, Row, measures_of
from .selection import spread

PANELS = 3
"""Of a figure, side by side."""
SHOWN = 8
"""Objects on the sheet of meshes, evenly spaced over their names."""
PICTURE = 160
"""Side of a mesh's picture, pixels."""
LABEL = 30
"""Letters of a name in a line."""
CAMERA = (30.0, 20.0, 1.85)
ARROWS = {1: " ↑", -1: " ↓", 0: ""}
STAND_IN = "GMSD stands in for LPIPS, whose weights weren't there."

_HEAD = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Zero123 evaluation</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; }
table { border-collapse: collapse; margin-bottom: 1em; }
th, td { padding: .3em .8em; text-align: right; border-bottom: 1px solid #ccc; }
th:first-child, td:first-child { text-align: left; }
.best { font-weight: bold; }
img { max-width: 100%; }
</style>
<h1>Zero123 evaluation</h1>
"""


@dataclass(frozen=True)
class Table:
    """Methods by measures."""

    name: str
    """Of its files."""
    title: str
    keys: tuple[str, ...]
    """Titles of what names a row."""
    rows: list[tuple[tuple[str, ...], Row]]

    @property
    def measures(self) -> list[str]:
        """The columns' keys."""
        return measures_of(row for _, row in self.rows)

    def best(self, row: int, measure: str) -> bool:
        """Whether a row's value is the best among those that share all its names but the first."""
        names, values = self.rows[row]
        sign = MEASURES[measure].better
        rivals = [other[measure] for keys, other in self.rows
                  if keys[1:] == names[1:] and measure in other]
        return bool(sign) and len(rivals) > 1 and (
            values[measure] * sign == max(value * sign for value in rivals))


def write_report(results: Results, out: Path) -> list[Path]:
    """Write views.csv, views.png, meshes.csv, meshes.png, sheet.png (each if there is something for
    it) and report.html into a folder; returns their paths, the page last.

    Raises:
        EngineError: `DISK` if the folder can't be written, `BAD_INPUT` if a kept mesh is damaged.
    """
    tables = [table for table in (_views(results), _meshes(results)) if table.rows]
    names = []
    with staged_folder(out) as stage:
        page = [_HEAD]
        for table in tables:
            _write_csv(table, stage / f"{table.name}.csv")
            _draw(table, stage / f"{table.name}.png")
            names += [f"{table.name}.csv", f"{table.name}.png"]
            page += [f"<h2>{table.title}</h2>\n", _html(table),
                     f"<p>{_picture(stage / f'{table.name}.png')}</p>\n"]
        if _draw_meshes(results.reconstructions, stage / "sheet.png"):
            names.append("sheet.png")
            page += ["<h2>Reconstructions</h2>\n", f"<p>{_picture(stage / 'sheet.png')}</p>\n"]
        page += [f"<h2>{escape(sheet.stem)}</h2>\n<p>{_picture(sheet)}</p>\n"
                 for sheet in results.sheets]
        (stage / "report.html").write_text("".join(page) + "</html>\n", encoding="utf-8")
    return [out / name for name in (*names, "report.html")]


def _views(results: Results) -> Table:
    return Table("views", "Novel views", ("method", "azimuth"), [
        ((method, bucket), row) for method, scores in results.views.items()
        for bucket, row in scores.items()])


def _meshes(results: Results) -> Table:
    return Table("meshes", "Meshes", ("method",),
                 [((method,), row) for method, row in results.meshes.items()])


def _write_csv(table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*table.keys, *table.measures])
        for names, row in table.rows:
            writer.writerow([*names, *(f"{row[m]:.6g}" if m in row else ""
                                       for m in table.measures)])


def _html(table: Table) -> str:
    titles = [f"{MEASURES[m].title}{ARROWS[MEASURES[m].better]}" for m in table.measures]
    lines = ["<table>\n<tr>", *(f"<th>{escape(title)}" for title in (*table.keys, *titles))]
    for number, (names, row) in enumerate(table.rows):
        lines += ["\n<tr>", *(f"<td>{escape(name)}" for name in names)]
        for measure in table.measures:
            if measure not in row:
                lines.append("<td>-")
                continue
            mark = ' class="best"' if table.best(number, measure) else ""
            lines.append(f"<td{mark}>{_number(row[measure], MEASURES[measure].better)}")
    note = STAND_IN if "gmsd" in table.measures and "lpips" not in table.measures else ""
    return "".join(lines) + f"\n</table>\n<p>{note}</p>\n"


def _number(value: float, better: int) -> str:
    if better == 0:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _draw(table: Table, path: Path) -> None:
    """A panel of bars per measure: a colour per method, a group per range of azimuths."""
    measures = table.measures
    methods = list(dict.fromkeys(names[0] for names, _ in table.rows))
    groups = list(dict.fromkeys(names[1:] for names, _ in table.rows))
    values = {names: row for names, row in table.rows}
    columns = min(PANELS, len(measures))
    lines = -(-len(measures) // columns)
    figure = Figure(figsize=(4 * columns, 2.8 * lines + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    width = 0.8 / len(methods)
    for place, measure in enumerate(measures, 1):
        panel = figure.add_subplot(lines, columns, place)
        for i, method in enumerate(methods):
            heights = [values.get((method, *group), {}).get(measure, np.nan) for group in groups]
            panel.bar(np.arange(len(groups)) + (i - (len(methods) - 1) / 2) * width, heights,
                      width, label=method)
        panel.set_title(f"{MEASURES[measure].title}{ARROWS[MEASURES[measure].better]}")
        panel.set_xticks(range(len(groups)), [" ".join(group) for group in groups])
        panel.set_xlim(-0.5, len(groups) - 0.5)
        panel.grid(axis="y", alpha=0.3)
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(methods)))
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})


def _draw_meshes(reconstructions: dict[str, dict[str, Path]], path: Path) -> bool:
    """A row of pictures per object, a column per method; False without any mesh."""
    methods = [method for method, kept in reconstructions.items() if kept]
    objects = spread(sorted({thing for kept in reconstructions.values() for thing in kept}), SHOWN)
    if not objects:
        return False
    figure = Figure(figsize=(2 * len(methods) + 1, 2 * len(objects) + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels: Any = figure.subplots(len(objects), len(methods), squeeze=False)
    for line, thing in zip(panels, objects, strict=True):
        for panel, method in zip(line, methods, strict=True):
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
            mesh = reconstructions[method].get(thing)
            if mesh:
                load_shape(mesh)  # tells of a damaged file by its name
                panel.imshow(load_textured(mesh).picture(*CAMERA, PICTURE, LIGHTS))
        line[0].set_ylabel("\n".join(wrap(thing, LABEL)), fontsize=7)
    for panel, method in zip(panels[0], methods, strict=True):
        panel.set_title(method, fontsize=10)
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})
    return True


def _picture(path: Path) -> str:
    """A picture inside the page, without what else its file may hold."""
    content = io.BytesIO()
    with Image.open(path, formats=("PNG",)) as picture:
        Image.fromarray(np.asarray(picture.convert("RGB"))).save(content, "PNG")
    data = base64.b64encode(content.getvalue()).decode()
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'
