# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the folders that jobs write their results to: time, kind and title of the job."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

MAX_NAME = 40
"""Characters of a title that a folder's name keeps."""
_FOLDER_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-([a-z]+)-(.+)-\w{8}")


class FolderName(NamedTuple):
    """The facts in the name of a job's folder."""

    when: str
    """Day and time, such as "2026-03-01 12:30"."""
    kind: str
    """The request's `KIND`, such as "views"."""
    title: str


def read_folder_name(folder: Path) -> FolderName | None:
    """The facts in a name that `make_job_folder` gave; None for any other name."""
    found = _FOLDER_NAME.fullmatch(folder.name)
    if found is None:
        return None
    year, month, day, hour, minute, kind, title = found.groups()
    return FolderName(f"{year}-{month}-{day} {hour}:{minute}", kind, title)


def make_job_folder(parent: Path, kind: str, title: str) -> Path:
    """Create a folder for one job's files.

    Raises:
        OSError: The folder cannot be created.
    """
    parent.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    name = safe_name(title, "image")
    return Path(tempfile.mkdtemp(prefix=f"{stamp}-{kind}-{name}-", dir=parent))


def safe_name(title: str, default: str) -> str:
    """A title reduced to letters, digits, "_" and "-"; `default` if nothing is left."""
    return re.sub(r"[^\w-]+", "-", title).strip("-")[:MAX_NAME] or default
