# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the tests of the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.cli import main

PATIENCE_S = 300.0
"""For a whole run, torch included, on a machine that is busy with other things."""


def engine(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m engine` as a user does."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=PATIENCE_S,
        check=False, **options)


def run(*arguments: object) -> int:
    """The same inside this process, which has torch loaded already."""
    return main([str(argument) for argument in arguments])


def names(folder: Path) -> list[str]:
    """Everything below a folder, hidden things too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
