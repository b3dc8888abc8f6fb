# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether processes have ended."""

from __future__ import annotations

import os
import time
from pathlib import Path

from helpers.boundary import PATIENCE_S


def is_alive(pid: int) -> bool:
    """Whether a process is running; a zombie is not. A killed process is a zombie as soon as its
    first thread has ended, but can be collected only after its last thread.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return not Path("/proc").is_dir()
    state, threads = fields[0], int(fields[17])
    return state != "Z" or threads > 1


def seconds_until_gone(pid: int) -> float:
    start = time.monotonic()
    while is_alive(pid) and time.monotonic() - start < PATIENCE_S:
        time.sleep(0.005)
    return time.monotonic() - start
