# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results on the disk, of this session and earlier ones. It holds no bpy references.

The list is read when something has changed or the user asks for it, never during drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ...engine.core.files import UNREADABLE_JSON, read_json_object
from ..scene.folder_names import read_folder_name
from . import preferences as addon
from .thumbnails import Thumbnails

SHOWN = 8
"""Number of newest results in the panel; *Import Files* opens the others."""


@dataclass(frozen=True)
class HistoryEntry:
    """One result on the disk."""

    result: Path
    """The file to import: a views.json or a mesh.glb."""
    kind: str
    """"views" or "reconstruct"."""
    title: str
    when: str
    """Day and time, such as "2026-03-01 12:30"; empty if the folder has another name."""
    amount: int
    """Number of views or faces."""
    thumbnail: Path | None

    @property
    def key(self) -> str:
        """The key of its thumbnail."""
        return f"result {self.result}"


def read_history(folder: Path, limit: int = SHOWN) -> list[HistoryEntry]:
    """The newest results in a folder, newest first. Unreadable results are left out."""
    try:
        # The names begin with the time.
        folders = sorted((path for path in folder.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []
    entries: list[HistoryEntry] = []
    for path in folders:
        if len(entries) == limit:
            break
        if (entry := read_entry(path)) is not None:
            entries.append(entry)
    return entries


def read_entry(folder: Path) -> HistoryEntry | None:
    """The result in a folder; None if there is none or it cannot be read."""
    if folder.name.startswith("."):  # unfinished
        return None
    try:
        if (folder / "mesh.glb").is_file():
            report = read_json_object(folder / "report.json")
            kind, result, amount = "reconstruct", folder / "mesh.glb", int(report["faces"])
            images = folder / "views"
        else:
            views = read_json_object(folder / "views.json")["views"]
            kind, result, amount = "views", folder / "views.json", len(views)
            images = folder
    except UNREADABLE_JSON:
        return None
    thumbnail = next((images / name for name in ("input.png", "view_000.png")
                      if (images / name).is_file()), None)
    named = read_folder_name(folder)
    title, when = (named.title, named.when) if named else (folder.name, "")
    return HistoryEntry(result, kind, title, when, amount, thumbnail)


class History:
    """The results that the panel shows."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails
        self.entries: list[HistoryEntry] = []

    def refresh(self, context: bpy.types.Context) -> None:
        """Read the results folder again."""
        before = {entry.key for entry in self.entries}
        self.entries = read_history(addon.results_folder(context))
        if bpy.app.background:
            return
        for entry in self.entries:
            if entry.thumbnail and entry.key not in self._thumbnails:
                self._thumbnails.show(entry.key, entry.thumbnail)
        for key in before - {entry.key for entry in self.entries}:
            self._thumbnails.drop(key)
