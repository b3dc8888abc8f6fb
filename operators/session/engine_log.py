# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log file of the engine or of its installer."""

from __future__ import annotations

from pathlib import Path

import bpy

from . import preferences as addon
from .state import session

MAX_BYTES = 200_000
"""Only the end of a longer log is shown."""


def log_file(context: bpy.types.Context) -> Path:
    """The installer's log if an installation is running or has failed, else the engine's.

    The file may not exist yet.
    """
    if session.installation.running or session.installation.error is not None:
        return addon.engine_folder().with_suffix(".log")
    return addon.results_folder(context) / "engine.log"


def read_end(path: Path, size: int = MAX_BYTES) -> str:
    """The last whole lines of a text file, at most `size` bytes; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, 2)
            file.seek(max(length - size, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if length > size else text
