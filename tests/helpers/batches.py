# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches in the background, and the state of their folders."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from helpers.command_line import PATIENCE_S

QUICK = ("--input-elevation", 10, "--detail", "off")
"""Options of views that leave out the shape network, which would take longer than the sampling."""


def make_pictures(folder: Path, *stems: str) -> list[Path]:
    """Write images of balls in different colours."""
    folder.mkdir(exist_ok=True)
    for number, stem in enumerate(stems):
        image = Image.new("RGBA", (192, 192), (0, 0, 0, 0))
        ImageDraw.Draw(image).ellipse((42, 42, 150, 150), fill=(40 + 30 * number, 90, 160, 255))
        image.save(folder / f"{stem}.png")
    return [folder / f"{stem}.png" for stem in stems]


def status(out: Path) -> dict[str, Any]:
    """The items of status.json by name."""
    document = json.loads((out / "status.json").read_text())
    assert document["schema"] == "zero123.batch/1"
    items = {item["name"]: item for item in document["items"]}
    for state, count in document["counts"].items():
        assert count == sum(item["state"] == state for item in items.values())
    return items


def start(*arguments: object) -> subprocess.Popen[str]:
    """`python -m engine batch` in the background."""
    # If a shell starts the tests in the background, they and their child processes ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen([sys.executable, "-m", "engine", "batch", *map(str, arguments)],
                            cwd=Path(__file__).parents[2], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(out: Path) -> bool:
    """Whether any item is running."""
    return (out / "status.json").is_file() and any(
        item["state"] == "running" for item in status(out).values())


def results_in(text: str, out: Path) -> list[str]:
    """The items whose results a batch has reported."""
    return [Path(line).parent.name for line in text.splitlines() if line.endswith("views.json")]
