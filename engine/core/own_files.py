# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a folder the program has written, so that it never overwrites any other.

A result's `request.json` lists the files of the result with their digests. A file with a listed
name and digest is the program's own and may be replaced; one that a person has changed or put there
may not. The result of a version without that list is recognised by the file names that its kind of
job declares. Standard library only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from .files import read_json_object, sha256
from .request import REQUEST_FILE
from .requests import REQUESTS, SCHEMA

JOURNAL = ".zero123-files.json"
"""File in a folder while a result is moved into it: what `request.json` will list."""


@dataclass
class OwnFiles:
    """Names of the program's files in a folder, with "/", and their SHA-256 digests."""

    kind: str = ""
    """Kind of job that made the newest result; empty if there is none."""
    files: dict[str, str] = field(default_factory=dict)
    """Files of the newest result, and of one whose process was killed while it was moved here."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Files that were being replaced when that process was killed."""
    others: dict[str, str] = field(default_factory=dict)
    """Files of earlier results of other kinds."""
    patterns: tuple[str, ...] = ()
    """Glob patterns of the newest result's files, if it was made without a list."""

    def includes(self, folder: Path, name: str) -> bool:
        """Whether the file of this name is still as the program has written it."""
        if name == REQUEST_FILE:
            return bool(self.kind)
        if any(_matches(name, pattern) for pattern in self.patterns):
            return True
        digests = {files[name] for files in (self.files, self.replaced, self.others)
                   if name in files}
        return bool(digests) and sha256(folder / name) in digests


def own_files(folder: Path) -> OwnFiles:
    """The program's files according to a folder's records; unreadable records are ignored."""
    found = OwnFiles()
    document = read_json_object(folder / REQUEST_FILE)
    if document.get("schema") == SCHEMA and document.get("kind") in REQUESTS:
        found.kind = document["kind"]
        found.files = _digests(document.get("files"))
        found.others = _digests(document.get("other_files"))
        if "files" not in document:
            found.patterns = REQUESTS[found.kind].OWN_FILES
    journal = read_json_object(folder / JOURNAL)
    found.files.update(_digests(journal.get("files")))
    found.replaced.update(_digests(journal.get("replaced")))
    found.others.update(_digests(journal.get("other_files")))
    return found


def is_own(folder: Path, name: str, known: OwnFiles) -> bool:
    """Whether the program has written a file, by these records or its own folder's."""
    path = folder / name
    if known.includes(folder, name):
        return True
    return path.parent != folder and own_files(path.parent).includes(path.parent, path.name)


def foreign_files(folder: Path, patterns: Iterable[str]) -> list[str]:
    """Sorted names in a folder that match a pattern and that the program did not write. A folder
    whose name the program needs for a file counts, too."""
    known = own_files(folder)
    names = {path.relative_to(folder).as_posix() for pattern in patterns
             for path in folder.glob(pattern)}
    return [name for name in sorted(names)
            if (folder / name).is_dir() or not is_own(folder, name, known)]


def list_files(folder: Path) -> dict[str, str]:
    """Names and digests of all files in a folder but `request.json`."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(paths)
            if path != folder / REQUEST_FILE}


def record_files(stage: Path, files: dict[str, str], others: dict[str, str]) -> None:
    """Write the lists of a new result's files, and of earlier results' files, into its record."""
    path = stage / REQUEST_FILE
    document = json.loads(path.read_text(encoding="utf-8"))
    document["files"] = files
    document.pop("other_files", None)
    if others:
        document["other_files"] = others
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _matches(name: str, pattern: str) -> bool:
    path = PurePosixPath(name)
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


def _digests(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: digest for name, digest in value.items() if isinstance(digest, str)}
