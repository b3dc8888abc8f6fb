# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that receives and sends files on the other computer:
`python -m engine.remote.remote_agent VERB JOB`.

It keeps a folder for each job, with `in` for its input files and `out` for its result, and the
models that were sent, also for later jobs. Standard library only.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from ..core.errors import EngineError, ErrorCode
from ..core.locks import hold_folder, remove_unused_folders
from ..core.staging import staged_folder
from ..setup.environment import remote_jobs_folder
from .archive import MARK, files_under, inside, pack, unpack
from .remote_model_cache import cached_model_folder, digest_of, remove_unused_models


def put(folder: Path) -> None:
    """Receive a job's input files from stdin and print their folder. Kept work stays there."""
    remove_unused_folders(remote_jobs_folder())
    folder.mkdir(parents=True, exist_ok=True)
    with hold_folder(folder):
        for name in ("in", "out"):
            (folder / name).mkdir(exist_ok=True)
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


def find_model(digest: str) -> None:
    """Print the folder of a model that was sent, and whether it exists."""
    place = cached_model_folder(str(inside(digest)))
    if place.is_dir():
        place.touch()
    print(json.dumps({"folder": str(place), "there": place.is_dir()}))


def take_model(digest: str) -> None:
    """Receive a model's files from stdin; its folder appears when all of them have arrived."""
    remove_unused_models()
    with staged_folder(cached_model_folder(str(inside(digest)))) as stage:
        unpack(sys.stdin.buffer, stage)
        if digest_of(stage) != digest:
            raise EngineError(ErrorCode.MODEL_DAMAGED, "the model was damaged during the transfer")
    find_model(digest)


def main(verb: str, name: str, *names: str) -> None:
    """Run a command line. `name` is that of a job, or the digest of a model."""
    folder = remote_jobs_folder() / inside(name)
    match verb:
        case "find-model":
            find_model(name)
        case "take-model":
            take_model(name)
        case "put":
            put(folder)
        case "get":
            get(folder, *names)
        case "drop":
            drop(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
