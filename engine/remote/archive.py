# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as a tar stream: how both ends of a connection send and take them."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from ..core.errors import EngineError, ErrorCode

MARK = b"zero123 files\n"
"""Stands before a stream: what comes earlier is what the user's shell says at its start."""
Step = Callable[[int], object]
"""Told how many files are done; may raise to stop."""


def pack(files: Iterable[tuple[Path, str]], stream: IO[bytes],
         step: Step = lambda count: None) -> None:
    """Write files, each under a name with forward slashes.

    Raises:
        OSError: a file can't be read, or nobody takes the stream any more.
    """
    with tarfile.open(fileobj=stream, mode="w|", dereference=True) as tar:
        for count, (path, name) in enumerate(files):
            step(count)
            tar.add(path, name, recursive=False)


def unpack(stream: IO[bytes], folder: Path, step: Step = lambda count: None) -> None:
    """Take files into a folder, and nothing but files: no link, no name that leads out of it.

    Raises:
        EngineError: `BAD_INPUT` for such a name.
        OSError, tarfile.TarError: the stream ends early, or a file can't be written.
    """
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for count, member in enumerate(tar):
            step(count)
            content = tar.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            target = folder / inside(member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)


def files_under(folder: Path) -> list[tuple[Path, str]]:
    """Every file in a folder, with its name relative to it."""
    return [(path, path.relative_to(folder).as_posix())
            for path in sorted(folder.rglob("*")) if path.is_file()]


def inside(name: str) -> Path:
    """A relative path that stays where it is put.

    Raises:
        EngineError: `BAD_INPUT` if it doesn't.
    """
    parts = PurePosixPath(name).parts
    if not parts or any(part in ("/", "..") or "\\" in part or ":" in part for part in parts):
        raise EngineError(ErrorCode.BAD_INPUT, f"{name!r} leads out of the job's folder")
    return Path(*parts)
