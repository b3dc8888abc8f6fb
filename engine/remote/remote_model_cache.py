# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders that are sent to another computer, each once, and kept there under their digest.

Standard library only.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.files import sha256
from ..core.requests import Request
from ..setup.environment import user_folder
from .archive import files_under

KEPT_S = 30 * 24 * 3600
"""Seconds that an unused model is kept."""


def local_model_folder(request: Request) -> Path | None:
    """The local folder that a request names as its model; None for a name, which means a model of
    the other computer.
    """
    name = str(getattr(request, "model", ""))
    folder = Path(name).expanduser()
    return folder if folder.name != name and folder.is_dir() and name else None


def digest_of(model: Path) -> str:
    """Digest of the names and contents of a folder's files, computed again if one has changed."""
    return _digest(tuple((path, name, (stat := path.stat()).st_size, stat.st_mtime_ns)
                         for path, name in files_under(model)))


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[Any, ...], ...]) -> str:
    lines = "".join(f"{sha256(path)} {name}\n" for path, name, *_ in files)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def cached_model_folder(digest: str) -> Path:
    """The folder of the model with this digest on the computer that it was sent to."""
    return user_folder() / "sent-models" / digest


def remove_unused_models() -> None:
    """Remove models that were not used for `KEPT_S`."""
    for folder in cached_model_folder("").glob("*"):
        if time.time() - folder.stat().st_mtime > KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)
