# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job's files go: built out of sight, shown under their final names when all are there.

Nothing half-written ever stands under a name that a person gave. Standard library only, but for
a lock.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from .errors import EngineError, ErrorCode
from .requests import REQUEST_FILE

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PART = 4 * 1024 * 1024
"""Bytes read at a time."""
BEFORE = ".before"
"""Folder in a stage that keeps what its files replace, until all are in their places."""
HINT = "choose a folder that you may write to, on a disk with free space"


@contextmanager
def staged_folder(out: Path, *, replaces: tuple[str, ...] = ()) -> Iterator[Path]:
    """A folder to fill; at the end of the block its files appear in `out`.

    A new `out` appears as a whole. In one that exists, files are replaced one by one, the JSON
    files that list the others last; other files stay, except those that match a pattern of
    `replaces` (relative to `out`), which are an older result's. If the block raises, `out` stays
    as it was.

    Raises:
        EngineError: `DISK`, on entering, if `out` can't be written.
    """
    # Inside an existing folder the rename can't cross file systems, even if `out` is a mount.
    parent = out if out.is_dir() else out.parent
    stage = parent / f".{out.name}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if out.exists() and not out.is_dir():
            raise EngineError(ErrorCode.DISK, f"{out} is a file, not a folder", HINT)
        stage.mkdir()
    except OSError as error:
        raise EngineError(
            ErrorCode.DISK, f"can't write to {out}: {error.strerror}", HINT) from error
    try:
        yield stage
        publish(stage, out, replaces)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def staged_file(out: Path) -> Iterator[Path]:
    """A file to write, of the same suffix; it becomes `out` at the end of the block.

    Raises:
        EngineError: `DISK`, on entering, if `out` is a folder or can't be written.
    """
    if out.is_dir():
        raise EngineError(ErrorCode.DISK, f"{out} is a folder, not a file", "name a file in it")
    stage = out.with_name(f".{out.stem}.{uuid.uuid4().hex[:8]}.tmp{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage.touch()
    except OSError as error:
        raise EngineError(
            ErrorCode.DISK, f"can't write {out}: {error.strerror}", HINT) from error
    try:
        yield stage
        os.replace(stage, out)
    finally:
        stage.unlink(missing_ok=True)


def sha256(path: Path, progress: Callable[[int], None] = lambda count: None) -> str:
    """The file's digest in hexadecimal; `progress` is told the bytes of each part read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(PART):
            digest.update(part)
            progress(len(part))
    return digest.hexdigest()


def publish(stage: Path, out: Path, replaces: tuple[str, ...] = ()) -> None:
    """Move the files of `stage`, on the same disk, to `out`: see `staged_folder`."""
    with _one_at_a_time(out.parent):
        _move(stage, out, replaces)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Of several jobs that finish with the same name in a folder, one moves its files after the
    other: their results would mix. Where there can be no lock, nothing is waited for.
    """
    with ExitStack() as held:
        with suppress(OSError, ImportError):  # some network disks know no locks
            held.enter_context(_locked(folder) if fcntl else _locked_elsewhere(folder))
        yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """POSIX: the folder is locked itself."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _locked_elsewhere(folder: Path) -> AbstractContextManager[object]:
    """Windows locks files alone: one that stands for the folder, among the user's temporary ones.
    """
    from filelock import FileLock  # the engine has it, Blender needn't

    name = hashlib.sha256(os.path.normcase(folder.resolve()).encode()).hexdigest()
    locks = Path(tempfile.gettempdir()) / "zero123-locks"
    locks.mkdir(exist_ok=True)
    return FileLock(locks / f"{name}.lock")


def _move(stage: Path, out: Path, replaces: tuple[str, ...]) -> None:
    """The last step of `publish`. If a file can't be moved, those before it are put back."""
    if not out.exists():
        os.rename(stage, out)
        return
    files = [path.relative_to(stage) for path in stage.rglob("*") if path.is_file()]
    files.sort(key=lambda path: (
        path.name == REQUEST_FILE, path.suffix == ".json", -len(path.parts), path))
    before = stage / BEFORE
    changed: list[Path] = []
    try:
        for name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            if (out / name).exists():
                _keep(out / name, before / name)
            os.replace(stage / name, out / name)
            changed.append(name)
        for pattern in replaces:
            for old in set(out.glob(pattern)) - {out / name for name in files}:
                _keep(old, before / old.relative_to(out))
                old.unlink()
                changed.append(old.relative_to(out))
    except OSError:
        for name in changed:
            with suppress(OSError):
                if (before / name).exists():
                    os.replace(before / name, out / name)
                else:
                    (out / name).unlink()
        raise
    finally:
        shutil.rmtree(before, ignore_errors=True)


def _keep(file: Path, copy: Path) -> None:
    """Have a file under a second name; under the first one it is there all the time."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, copy)
    except OSError:  # not every disk has hard links
        shutil.copy2(file, copy)
