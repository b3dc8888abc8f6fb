# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes index.html, an overview of a batch's results: one file that contains its thumbnails."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from ..core.errors import EngineError
from ..core.staging import staged_file
from ..imaging import read_image
from .manifest import ItemStatus, Manifest, State

THUMBNAIL = (384, 96)
"""Largest width and height of a thumbnail, pixels."""
TURN = "turn.png"
"""File beside a mesh with images of it from all sides."""
VIEWS_SHOWN = 4
REPORT_S = 10.0
"""Seconds between two versions of the page while items end."""
LINKS = {"mesh.glb": "mesh", "views.json": "views", "views/views.json": "views",
         "report.json": "report"}
"""Files that a result may have, with the texts of their links."""

TITLE = "Zero123 batch"
"""Title of the page, by which it is recognised."""
_HEAD = f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{TITLE}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .4em .8em; text-align: left; border-bottom: 1px solid #ccc; }}
img {{ max-height: 96px; background: #eee; vertical-align: middle; }}
.failed {{ color: #b00; }} .done {{ color: #060; }}
</style>
"""


@dataclass
class HtmlReport:
    """The overview of a batch's folder. Each thumbnail is made once."""

    folder: Path
    _thumbnails: dict[tuple[str, float], list[str]] = field(default_factory=dict)
    """`<img>` elements, the input image's first, by the item's name and the time of its end."""
    _written: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> Path:
        """index.html."""
        return self.folder / "index.html"

    def update(self, manifest: Manifest) -> None:
        """Write the page if the last version is older than `REPORT_S`."""
        if time.monotonic() - self._written > REPORT_S:
            self.write(list(manifest.entries().values()))
            self._written = time.monotonic()

    def write(self, entries: Sequence[ItemStatus]) -> None:
        """Write the page; it appears when it is complete.

        Raises:
            EngineError: `DISK` if it can't be written.
        """
        counts = ", ".join(f"{number} {state.value}" for state in State
                           if (number := sum(entry.state is state for entry in entries)))
        rows = "\n".join(self._row(entry) for entry in entries)
        with staged_file(self.path) as stage:
            stage.write_text(
                f"{_HEAD}<h1>Zero123 batch</h1>\n<p>{counts or 'nothing to do'}</p>\n<table>\n"
                "<tr><th>State<th>Image<th>Result<th>Files<th>Requested in<th>Seconds</tr>\n"
                f"{rows}\n</table>\n</html>\n", encoding="utf-8")

    def _row(self, entry: ItemStatus) -> str:
        thumbnails = self._thumbnails_of(entry)
        result = " ".join(thumbnails[1:])
        if entry.error:
            result = escape(str(EngineError.from_dict(entry.error)))
        there = [file for file in LINKS if (self.folder / entry.name / file).is_file()]
        links = " ".join(_link(f"{entry.name}/{file}", LINKS[file]) for file in there)
        return (f'<tr><td class="{entry.state.value}">{entry.state.value}'
                f"<td>{thumbnails[0]}<br>{_link(entry.name + '/', entry.name)}"
                f"<td>{result}<td>{links}<td>{escape(entry.source)}"
                f"<td>{entry.seconds:.1f}</tr>")

    def _thumbnails_of(self, entry: ItemStatus) -> list[str]:
        key = (entry.name, entry.ended)
        if key not in self._thumbnails:
            result = self.folder / entry.name
            done = entry.state is State.DONE
            views = sorted(result.glob("view_*.png")) or sorted(result.glob("views/view_*.png"))
            shown = [result / TURN] if (result / TURN).is_file() else views[:VIEWS_SHOWN]
            # The prepared image is small; a photo may take long to decode.
            inputs = [result / "input.png", result / "views" / "input.png"]
            prepared = next((path for path in inputs if done and path.is_file()), None)
            self._thumbnails[key] = [_thumbnail(prepared or Path(entry.image)),
                                     *map(_thumbnail, shown if done else [])]
        return self._thumbnails[key]


def _link(path: str, text: str) -> str:
    return f'<a href="{escape(quote(path))}">{escape(text)}</a>'


def _thumbnail(path: Path) -> str:
    """A thumbnail as an `<img>` element; empty if the image cannot be read."""
    try:
        image = Image.fromarray(read_image(path))
    except EngineError:
        return ""
    image.thumbnail(THUMBNAIL)
    content = io.BytesIO()
    image.save(content, "WEBP", quality=80)
    data = base64.b64encode(content.getvalue()).decode()
    return f'<img alt="" src="data:image/webp;base64,{data}">'
