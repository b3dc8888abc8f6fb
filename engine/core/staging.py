# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writes: files are built under hidden names and renamed when all of them are complete.

So no incomplete file ever has a name that a person gave. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import EngineError, ErrorCode
from .locks import locked_folder
from .own_files import JOURNAL, is_own, list_files, own_files, record_files
from .request import REQUEST_FILE

BEFORE = ".before"
"""Folder in a stage with copies of the files that it replaces, until all are in place."""
HINT = "choose a folder that you may write to, on a disk with free space"


@contextmanager
def staged_folder(out: Path, *, replaces: tuple[str, ...] = ()) -> Iterator[Path]:
    """A folder to fill; at the end of the block its files appear in `out`.

    A new `out` appears as a whole. In one that exists, files are replaced one by one, the JSON
    files that list the others last. If the block raises, `out` stays as it was.

    With a `request.json` in it, the folder is a job's result, and lists its files there: an older
    result of the same kind is replaced completely, and files that the program has not written are
    never replaced. Without one, files that match a pattern of `replaces` (relative to `out`) are
    those of an older version.

    Raises:
        EngineError: `DISK`, on entering, if `out` can't be written; at the end, if a file has
            appeared there meanwhile that the program has not written.
    """
    # Inside an existing folder the rename cannot cross file systems, even if `out` is a mount.
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


def publish(stage: Path, out: Path, replaces: tuple[str, ...] = ()) -> None:
    """Move the files of `stage`, on the same disk, to `out`: see `staged_folder`."""
    with locked_folder(out.parent):  # results of several jobs with the same name would mix
        _move(stage, out, replaces)


def _move(stage: Path, out: Path, replaces: tuple[str, ...]) -> None:
    """The last step of `publish`. If a file cannot be moved, the earlier ones are put back."""
    is_result = (stage / REQUEST_FILE).is_file()
    if not out.exists():
        if is_result:
            record_files(stage, list_files(stage), {})
        os.rename(stage, out)
        return
    stale = _prepare(stage, out) if is_result else {
        path.relative_to(out).as_posix() for pattern in replaces for path in out.glob(pattern)}
    move = _Move(stage, out)
    try:
        if is_result:
            os.replace(stage / JOURNAL, out / JOURNAL)
            # While files of two results stand side by side, neither counts as a result.
            move.remove(Path(REQUEST_FILE))
        for name in move.new:
            move.replace(name)
        for name in {Path(name) for name in stale} - set(move.new):
            move.remove(name)
    except BaseException:  # also Ctrl-C; if the process is killed instead, the journal stays
        move.undo()
        raise
    finally:
        (out / JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(move.before, ignore_errors=True)


class _Move:
    """Files of a stage on their way into a folder, and copies of what they replace."""

    def __init__(self, stage: Path, out: Path) -> None:
        self.stage, self.out, self.before = stage, out, stage / BEFORE
        names = [path.relative_to(stage) for path in stage.rglob("*")
                 if path.is_file() and path != stage / JOURNAL]
        self.new = sorted(names, key=lambda path: (
            path.name == REQUEST_FILE, path.suffix == ".json", -len(path.parts), path))
        """The stage's files, those that list others last."""
        self._changed: list[Path] = []

    def replace(self, name: Path) -> None:
        """Move one of the stage's files to its place."""
        (self.out / name).parent.mkdir(parents=True, exist_ok=True)
        if (self.out / name).exists():
            _keep(self.out / name, self.before / name)
        os.replace(self.stage / name, self.out / name)
        self._changed.append(name)

    def remove(self, name: Path) -> None:
        """Remove a file of the folder, if it is there."""
        if (self.out / name).exists():
            _keep(self.out / name, self.before / name)
            (self.out / name).unlink()
            self._changed.append(name)

    def undo(self) -> None:
        """Put everything back that was replaced or removed."""
        for name in self._changed:
            with suppress(OSError):
                if (self.before / name).exists():
                    os.replace(self.before / name, self.out / name)
                else:
                    (self.out / name).unlink()


def _prepare(stage: Path, out: Path) -> set[str]:
    """Write the new result's list of files into its record and the journal. Returns the names of
    the files of an older result that will be removed.

    Raises:
        EngineError: `DISK` if the new result would replace a file that the program has not written.
    """
    known, new = own_files(out), list_files(stage)
    for name in new:
        if (out / name).exists() and not is_own(out, name, known):
            raise EngineError(ErrorCode.DISK,
                              f"{out / name} is not overwritten, because this program did not "
                              "write it", HINT)
    kind = json.loads((stage / REQUEST_FILE).read_text(encoding="utf-8"))["kind"]
    same_kind = known.kind in ("", kind)
    replaced = {**known.replaced, **known.files}
    others = {**known.others, **({} if same_kind else replaced)}
    others = {name: digest for name, digest in others.items()
              if name not in new and (out / name).is_file()}
    record_files(stage, new, others)
    (stage / JOURNAL).write_text(
        json.dumps({"files": new, "replaced": replaced, "other_files": others}), encoding="utf-8")
    if not same_kind:
        return set()
    stale = {*replaced, *(path.relative_to(out).as_posix() for pattern in known.patterns
                          for path in out.glob(pattern))} - set(new) - {REQUEST_FILE}
    return {name for name in stale if (out / name).is_file() and is_own(out, name, known)}


def _keep(file: Path, copy: Path) -> None:
    """Give a file a second name, while it stays under the first one."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, copy)
    except OSError:  # not every disk has hard links
        shutil.copy2(file, copy)
