# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes. Standard library only."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Sequence
from typing import IO, Any, AnyStr

NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Creation flag of child processes: on Windows a console window would open beside Blender's."""


def run_hidden(command: Sequence[str], *, check: bool,
               **options: Any) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run`, without a window and without input; the output is captured."""
    return subprocess.run(command, check=check, stdin=subprocess.DEVNULL, capture_output=True,
                          creationflags=NO_WINDOW, **options)


def read_lines(stream: IO[AnyStr], lines: queue.SimpleQueue[AnyStr | None]) -> None:
    """Put the lines of a stream into the queue until it ends, then None. For a thread: reading from
    a silent process blocks."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
