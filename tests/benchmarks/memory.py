# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of each kind of job, each in a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timing import Row

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "tools" / "demo" / "bottle.png"
JOBS = {
    "segment": ["segment"],
    "elevation": ["elevation"],
    "views: 8": ["views", "--orbit", "8"],
    "reconstruct: views": ["reconstruct"],
    "reconstruct: views, refined": ["reconstruct", "--refine", "20"],
    # All levels and image sizes are used; more steps need no more memory.
    "reconstruct: sds": ["reconstruct", "--method", "sds", "--iterations", "24"],
    "reconstruct: sjc": ["reconstruct", "--method", "sjc", "--iterations", "24"],
}
FILES = {"segment": "cut_out.png", "elevation": "elevation.json"}


def peaks() -> Iterator[Row]:
    """Peaks of the command line's verbs with nano on the demo's image. POSIX only."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (verb, *options) in JOBS.items():
            out = Path(folder, name.replace(":", ""), FILES.get(verb, ""))
            out.parent.mkdir(exist_ok=True)
            yield {"what": name, **peak([verb, str(PICTURE), "--out", str(out), *options])}


def peak(arguments: list[str]) -> Row:
    """The engine's largest resident set and duration with these arguments."""
    # Started from a small process, because a child process inherits its parent's peak.
    row = subprocess.run([sys.executable, "-S", __file__, *arguments], cwd=ROOT, check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(row)


def measure(arguments: list[str]) -> Row:
    """As `peak`, but started from a small process."""
    start = time.perf_counter()
    engine = subprocess.Popen([sys.executable, "-m", "engine", *arguments],
                              stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(engine.pid, 0)
    engine.returncode = os.waitstatus_to_exitcode(status)
    if engine.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {engine.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return {"peak MB": round(usage.ru_maxrss * unit / 1e6),
            "seconds": round(time.perf_counter() - start, 1)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
