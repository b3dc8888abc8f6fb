# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as a tar stream: how both ends of a connection send and receive them."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from ..core.errors import EngineError, ErrorCode

MARK = b"zero123 files\n"
"""Line before a stream. Earlier output comes from the start-up files of the user's shell."""
Step = Callable[[int], object]
"""Called with the number of files done so far; may raise an exception to stop."""


def pack(files: Iterable[tuple[Path, str]], stream: IO[bytes],
         step: Step = lambda count: None) -> None:
    """Write files, each under a name with forward slashes.

    Raises:
        OSError: a file cannot be read, or the other end has closed the stream.
    """
    with tarfile.open(fileobj=stream, mode="w|", dereference=True) as tar:
        for count, (path, name) in enumerate(files):
            step(count)
            tar.add(path, name, recursive=False)


def unpack(stream: IO[bytes], folder: Path, step: Step = lambda count: None) -> None:
    """Write the regular files of a stream into a folder; links and devices are ignored.

    Raises:
        EngineError: `BAD_INPUT` for a name that leads out of the folder.
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
    """Every file in a folder, with its name relative to the folder."""
    return [(path, path.relative_to(folder).as_posix())
            for path in sorted(folder.rglob("*")) if path.is_file()]


def inside(name: str) -> Path:
    """A relative path that cannot lead out of the folder it is joined to.

    Raises:
        EngineError: `BAD_INPUT` for any other path.
    """
    parts = PurePosixPath(name).parts
    if not parts or any(part in ("/", "..") or "\\" in part or ":" in part for part in parts):
        raise EngineError(ErrorCode.BAD_INPUT, f"{name!r} leads out of the job's folder")
    return Path(*parts)
