# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results that are on the disk, from this session and earlier ones. No bpy reference is held.

Read when something has changed or a person asks for it, never while a panel is drawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import preferences as addon
from .thumbnails import thumbnails

SHOWN = 8
"""Newest results in the panel; all others are found by the file browser."""


@dataclass(frozen=True)
class Entry:
    """One result's folder."""

    result: Path
    """What `import_result` takes: a views.json or a mesh.glb."""
    kind: str
    """"views" or "reconstruct"."""
    title: str
    when: str
    """Day and time, such as "2026-03-01 12:30"; empty for a folder of another name."""
    amount: int
    """Number of views or faces."""
    thumbnail: Path | None

    @property
    def key(self) -> str:
        """Of its thumbnail."""
        return f"result {self.result}"


def read_history(folder: Path, limit: int = SHOWN) -> list[Entry]:
    """The newest results below a folder, newest first. What can't be read is left out."""
    try:
        # Their names begin with the time, so their order is that of the names.
        folders = sorted((path for path in folder.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []
    entries: list[Entry] = []
    for path in folders:
        if len(entries) == limit:
            break
        if (entry := read_entry(path)) is not None:
            entries.append(entry)
    return entries


def read_entry(folder: Path) -> Entry | None:
    """The result in a folder; None if there is none, or it can't be read."""
    if folder.name.startswith("."):  # something in the making
        return None
    try:
        if (folder / "mesh.glb").is_file():
            report = _read(folder / "report.json")
            kind, result, amount = "reconstruct", folder / "mesh.glb", int(report["faces"])
            pictures = folder / "views"
        else:
            views = _read(folder / "views.json")["views"]
            kind, result, amount = "views", folder / "views.json", len(views)
            pictures = folder
    except (OSError, ValueError, KeyError, TypeError):
        return None
    thumbnail = next((pictures / name for name in ("input.png", "view_000.png")
                      if (pictures / name).is_file()), None)
    named = addon.read_folder_name(folder)
    return Entry(result, kind, named.title if named else folder.name, named.when if named else "",
                 amount, thumbnail)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


class History:
    """What the panel shows."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def refresh(self, context: bpy.types.Context) -> None:
        """Look at the results folder again."""
        before = {entry.key for entry in self.entries}
        self.entries = read_history(addon.results_folder(context))
        if bpy.app.background:
            return
        for entry in self.entries:
            if entry.thumbnail and entry.key not in thumbnails:
                thumbnails.show(entry.key, entry.thumbnail)
        for key in before - {entry.key for entry in self.entries}:
            thumbnails.drop(key)


history = History()
"""The one of this Blender."""
