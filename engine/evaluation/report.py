# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tables and figures of evaluated methods as CSV, PNG and one HTML page.

The same results give the same bytes.
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
from PIL import Image

from ..core.own_documents import check_listed, write_list
from ..core.staging import staged_folder
from ..mesh.rendering import load_textured
from ..training.curves import new_figure, save_figure
from .predictions import load_shape
from .reconstructions import LIGHTS
from .results import METRICS, Results, Row, metrics_of
from .selection import evenly_spaced

PANELS = 3
"""Number of panels side by side in a figure."""
SHOWN = 8
"""Number of objects on the sheet of meshes, evenly spaced over their names."""
IMAGE_SIZE = 160
"""Side of a mesh's image, pixels."""
LABEL = 30
"""Characters of an object's name per line."""
CAMERA = (30.0, 20.0, 1.85)
"""Camera of the meshes' images: azimuth and elevation in degrees, radius."""
ARROWS = {1: " ↑", -1: " ↓", 0: ""}
STAND_IN = "GMSD replaces LPIPS, whose weights were not available."

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
    """One row per method (and range of azimuths), one column per metric."""

    name: str
    """Stem of the table's files."""
    title: str
    keys: tuple[str, ...]
    """Column titles of the names of a row."""
    rows: list[tuple[tuple[str, ...], Row]]
    """Names and scores of each row."""

    @property
    def metrics(self) -> list[str]:
        """Keys of the columns."""
        return metrics_of(row for _, row in self.rows)

    def best(self, row: int, metric: str) -> bool:
        """Whether a row's value is the best among the rows that differ only in the method."""
        names, values = self.rows[row]
        sign = METRICS[metric].better
        rivals = [other[metric] for keys, other in self.rows
                  if keys[1:] == names[1:] and metric in other]
        return bool(sign) and len(rivals) > 1 and (
            values[metric] * sign == max(value * sign for value in rivals))


def write_report(results: Results, out: Path) -> list[Path]:
    """Write views.csv, views.png, meshes.csv, meshes.png, sheet.png (each if there are results for
    it) and report.html into a folder.

    Returns:
        The paths of the files, the page last.

    Raises:
        EngineError: `DISK` if the folder cannot be written, `BAD_INPUT` if a mesh is damaged, or
            one of the files is there and is not from an earlier report.
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
                     f"<p>{_embedded(stage / f'{table.name}.png')}</p>\n"]
        if _draw_meshes(results.reconstructions, stage / "sheet.png"):
            names.append("sheet.png")
            page += ["<h2>Reconstructions</h2>\n", f"<p>{_embedded(stage / 'sheet.png')}</p>\n"]
        page += [f"<h2>{escape(sheet.stem)}</h2>\n<p>{_embedded(sheet)}</p>\n"
                 for sheet in results.sheets]
        (stage / "report.html").write_text("".join(page) + "</html>\n", encoding="utf-8")
        check_listed(out, (*names, "report.html"))
        write_list(stage)
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
        writer.writerow([*table.keys, *table.metrics])
        for names, row in table.rows:
            writer.writerow([*names, *(f"{row[m]:.6g}" if m in row else ""
                                       for m in table.metrics)])


def _html(table: Table) -> str:
    titles = [f"{METRICS[m].title}{ARROWS[METRICS[m].better]}" for m in table.metrics]
    lines = ["<table>\n<tr>", *(f"<th>{escape(title)}" for title in (*table.keys, *titles))]
    for number, (names, row) in enumerate(table.rows):
        lines += ["\n<tr>", *(f"<td>{escape(name)}" for name in names)]
        for metric in table.metrics:
            if metric not in row:
                lines.append("<td>-")
                continue
            mark = ' class="best"' if table.best(number, metric) else ""
            lines.append(f"<td{mark}>{_number(row[metric], METRICS[metric].better)}")
    note = STAND_IN if "gmsd" in table.metrics and "lpips" not in table.metrics else ""
    return "".join(lines) + f"\n</table>\n<p>{note}</p>\n"


def _number(value: float, better: int) -> str:
    if better == 0:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _draw(table: Table, path: Path) -> None:
    """Draw a panel of bars per metric: one colour per method, one group per range of azimuths."""
    metrics = table.metrics
    methods = list(dict.fromkeys(names[0] for names, _ in table.rows))
    groups = list(dict.fromkeys(names[1:] for names, _ in table.rows))
    values = {names: row for names, row in table.rows}
    columns = min(PANELS, len(metrics))
    lines = -(-len(metrics) // columns)
    figure = new_figure(4 * columns, 2.8 * lines + 0.5)
    width = 0.8 / len(methods)
    for position, metric in enumerate(metrics, 1):
        panel = figure.add_subplot(lines, columns, position)
        for i, method in enumerate(methods):
            heights = [values.get((method, *group), {}).get(metric, np.nan) for group in groups]
            panel.bar(np.arange(len(groups)) + (i - (len(methods) - 1) / 2) * width, heights,
                      width, label=method)
        panel.set_title(f"{METRICS[metric].title}{ARROWS[METRICS[metric].better]}")
        panel.set_xticks(range(len(groups)), [" ".join(group) for group in groups])
        panel.set_xlim(-0.5, len(groups) - 0.5)
        panel.grid(axis="y", alpha=0.3)
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(methods)))
    save_figure(figure, path)


def _draw_meshes(reconstructions: dict[str, dict[str, Path]], path: Path) -> bool:
    """Draw a row of images per object and a column per method. Return False if there is no mesh."""
    methods = [method for method, kept in reconstructions.items() if kept]
    names = sorted({thing for kept in reconstructions.values() for thing in kept})
    objects = evenly_spaced(names, SHOWN)
    if not objects:
        return False
    figure = new_figure(2 * len(methods) + 1, 2 * len(objects) + 0.4)
    panels: Any = figure.subplots(len(objects), len(methods), squeeze=False)
    for line, thing in zip(panels, objects, strict=True):
        for panel, method in zip(line, methods, strict=True):
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
            mesh = reconstructions[method].get(thing)
            if mesh:
                load_shape(mesh)  # raises, with the file's name, if it is damaged
                panel.imshow(load_textured(mesh).render(*CAMERA, IMAGE_SIZE, LIGHTS))
        line[0].set_ylabel("\n".join(wrap(thing, LABEL)), fontsize=7)
    for panel, method in zip(panels[0], methods, strict=True):
        panel.set_title(method, fontsize=10)
    save_figure(figure, path)
    return True


def _embedded(path: Path) -> str:
    """An image embedded into the page, without the metadata of its file."""
    content = io.BytesIO()
    with Image.open(path, formats=("PNG",)) as image:
        Image.fromarray(np.asarray(image.convert("RGB"))).save(content, "PNG")
    data = base64.b64encode(content.getvalue()).decode()
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'
