# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the other computer beside its engine: `python -m engine.remote.desk VERB JOB`.

It keeps a folder for each job: `in` for what the job starts from, `out` for its result. Standard
library only.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from ..environment import user_folder
from .archive import MARK, files_under, inside, pack, unpack

KEPT_S = 7 * 24 * 3600
"""How long the folder of a job stays whose caller was cut off, or may go on with it."""


def put(folder: Path) -> None:
    """Take a job's files from stdin, and say where they are. What could be resumed stays."""
    _forget_old(folder.parent)
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path in (folder / name).iterdir():
            if path.is_file():
                path.unlink()
            elif not path.name.endswith(".resume"):
                shutil.rmtree(path, ignore_errors=True)
    folder.touch()
    unpack(sys.stdin.buffer, folder / "in")
    print(json.dumps({"folder": str(folder)}))


def get(folder: Path, name: str) -> None:
    """Send a file, or all files of a folder, to stdout."""
    path = folder / inside(name)
    files = files_under(path) if path.is_dir() else [(path, path.name)]
    sys.stdout.buffer.write(MARK)
    pack(files, sys.stdout.buffer)


def drop(folder: Path) -> None:
    """Remove a job's folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _forget_old(jobs: Path) -> None:
    for folder in jobs.glob("*"):
        if time.time() - folder.stat().st_mtime > KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def main(verb: str, job: str, *names: str) -> None:
    """Do what a command line asks."""
    folder = user_folder() / "remote" / inside(job)
    match verb:
        case "put":
            put(folder)
        case "get":
            get(folder, *names)
        case "drop":
            drop(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
