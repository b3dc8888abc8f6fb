# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the Hugging Face cache on this computer. Nothing is downloaded. Standard library only.

Layout (https://huggingface.co/docs/huggingface_hub/guides/manage-cache):
`models--OWNER--NAME/{blobs,refs,snapshots/COMMIT}`; a snapshot's files are links into `blobs`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

SNAPSHOTS = "snapshots"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def is_hub_id(text: str) -> bool:
    """Whether a text may be the name of a repository, such as "owner/name"."""
    return _REPOSITORY.fullmatch(text) is not None


def hub_id_of(folder: Path) -> str:
    """The repository of a snapshot's folder in a Hugging Face cache; "" for other folders."""
    if folder.parent.name != SNAPSHOTS:
        return ""
    kind, _, name = folder.parent.parent.name.partition("--")
    return name.replace("--", "/", 1) if kind == "models" else ""


def cached_snapshot(repo: str) -> Path | None:
    """The newest snapshot of a repository in the cache; None if there is none."""
    return next(_snapshots(_repository_folder(repo)), None)


def snapshot_in(folder: Path) -> Path:
    """The newest snapshot if the folder is a repository of the cache, else the folder itself."""
    if not folder.name.startswith("models--"):
        return folder
    return next(_snapshots(folder), folder)


def cached_files(repo: str, names: tuple[str, ...]) -> list[Path]:
    """The files with these names in one snapshot of a repository; [] unless all exist."""
    for snapshot in _snapshots(_repository_folder(repo)):
        files = [snapshot / name for name in names]
        if files and all(file.is_file() for file in files):
            return files
    return []


def _snapshots(repository: Path) -> Iterator[Path]:
    """A repository's snapshots: that of the branch `main`, then the others, the newest first."""
    folder = repository / SNAPSHOTS
    main = ""
    try:
        main = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
        found = sorted((path for path in folder.iterdir() if path.is_dir()),
                       key=lambda path: (path.name == main, path.stat().st_mtime), reverse=True)
    except (OSError, ValueError):
        found = sorted(folder.glob("*/")) if folder.is_dir() else []
    yield from found


def _repository_folder(repo: str) -> Path:
    return _cache() / f"models--{repo.replace('/', '--')}"


def _cache() -> Path:
    """The cache folder of huggingface_hub, by the environment variables that it uses."""
    for variable, inside in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""),
                             ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser() / inside
    return Path.home() / ".cache" / "huggingface" / "hub"
