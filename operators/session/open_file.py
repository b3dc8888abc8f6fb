# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which .blend file is open. Results are imported only into the file their job was started in.

A file is known by the object that stands for it while it is open, and once it has been saved also
by its path: so a job finds its file after *Revert* and after it was closed and opened again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class BlendFile:
    """A file that is or was open in this Blender."""

    path: str = ""
    """Absolute path where it was saved last; empty if it was never saved."""


class OpenFile:
    """Follows the loading and saving of files."""

    def __init__(self) -> None:
        self.current = BlendFile()
        self._known = [self.current]

    def loaded(self, path: str) -> None:
        """Another file was opened, or the same one again. `path` is empty for a new file."""
        self.current = BlendFile(path)
        self._known.append(self.current)

    def saved(self, path: str) -> None:
        """The open file was saved. A file that it replaces on the disk can no longer be opened."""
        if path == self.current.path:
            return
        for file in self._known:
            if file.path == path:
                file.path = ""
        self.current.path = path

    def is_open(self, file: BlendFile | None) -> bool:
        """Whether this file is the open one; True for None, which belongs to no file."""
        return file is None or file is self.current or (
            bool(file.path) and file.path == self.current.path)
