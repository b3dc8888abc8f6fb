# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single documents that the program writes, recognised by their content, so that it never
overwrites a file of a person: tables of an evaluation, pages, curves. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from .files import UNREADABLE_JSON, read_json_object, sha256
from .result_place import foreign_file_error, is_own_file

LIST = ".zero123-report.json"
"""File in a folder of documents: their names and digests."""


def check_image(path: Path) -> None:
    """Refuse to replace an image that does not carry the program's mark (see `staged_result`).

    Raises:
        EngineError: `BAD_INPUT`, as for all functions here.
    """
    if path.is_file() and not is_own_file(path):
        raise foreign_file_error(path)


def check_json(path: Path, *keys: str) -> None:
    """Refuse to replace a file that is not a JSON object with these keys."""
    def is_own(content: bytes) -> bool:
        try:
            document = json.loads(content)
        except UNREADABLE_JSON:
            return False
        return isinstance(document, dict) and set(keys) <= set(document)

    check(path, is_own)


def check_page(path: Path, title: str) -> None:
    """Refuse to replace a file that is not a page with this title."""
    check(path, lambda content: f"<title>{title}</title>".encode() in content[:1000])


def check(path: Path, is_own: Callable[[bytes], bool]) -> None:
    """Refuse to replace a file with foreign content."""
    try:
        content = path.read_bytes() if path.is_file() else None
    except OSError:
        raise foreign_file_error(path) from None
    if content is not None and not is_own(content):
        raise foreign_file_error(path)


def check_listed(folder: Path, names: Iterable[str]) -> None:
    """Refuse to replace files that `write_list` has not listed, or that were changed."""
    known = read_json_object(folder / LIST)
    for name in names:
        path = folder / name
        if path.is_file() and known.get(name) != sha256(path):
            raise foreign_file_error(path)


def write_list(stage: Path) -> None:
    """Write the list of the documents of a complete folder into it."""
    digests = {path.name: sha256(path) for path in sorted(stage.iterdir()) if path.is_file()}
    (stage / LIST).write_text(json.dumps(digests, indent=1), encoding="utf-8")
