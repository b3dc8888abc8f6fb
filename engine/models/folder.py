# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's folder: the list of its files with their digests, verification and removal.

Nothing outside the folder is read or removed, whatever its files contain. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.files import UNREADABLE_JSON, sha256
from ..core.reporting import Reporter, SilentReporter
from .catalogue import (
    INDEX_FILE,
    ModelInfo,
    Task,
    find_model,
    known_model,
    models_folder,
)
from .hub_cache import cached_snapshot, hub_id_of, is_hub_id, snapshot_in

RECORD_FILE = "files.json"
SCHEMA = "zero123.model-files/1"
DOWNLOADS = ".downloads"
"""Subfolder of the models folder for unfinished downloads, with one folder for each model."""
MB = 1_000_000


class ModelState(Enum):
    """The state of a model on this computer."""

    HERE = "here"
    MISSING = "not here"
    PARTIAL = "partly downloaded"
    DAMAGED = "damaged"
    """A file is missing or has a wrong size. Only `verify` compares the contents."""

    @property
    def absent(self) -> bool:
        """Whether the model is missing or incomplete."""
        return self in (ModelState.MISSING, ModelState.PARTIAL)


def model_state(info: ModelInfo, models: Path | None = None) -> ModelState:
    """The state of a model of the catalogue in the folder `models` (None: the models folder).

    Only the existence and the sizes of files are checked.
    """
    models = models or models_folder()
    file = info.file_in(models)
    if not file.is_file():
        partial = any((models / DOWNLOADS / info.name).glob("*"))
        return ModelState.PARTIAL if partial else ModelState.MISSING
    if info.task is Task.SEGMENTATION:
        return ModelState.HERE if file.stat().st_size == info.size_bytes else ModelState.DAMAGED
    return folder_state(file.parent)


def folder_state(folder: Path) -> ModelState:
    """The state of any model folder, by its list of files if it has one."""
    if not (folder / INDEX_FILE).is_file():
        return ModelState.MISSING
    if not os.path.lexists(folder / RECORD_FILE):
        return ModelState.HERE
    try:
        whole = all((folder / name).stat().st_size == file["bytes"]
                    for name, file in _read_record(folder).items())
    except (EngineError, OSError):
        whole = False
    return ModelState.HERE if whole else ModelState.DAMAGED


def other_models(models: Path | None = None) -> list[str]:
    """Names of the models in the models folder that are not in the catalogue."""
    found = (models or models_folder()).glob(f"*/{INDEX_FILE}")
    return sorted(path.parent.name for path in found
                  if is_plain_name(path.parent.name) and find_model(path.parent.name) is None)


def write_record(folder: Path, source: str) -> None:
    """Write `files.json`, which lists the folder's files with size and sha256 for `verify`.

    `source`: name of the file from which they were made.
    """
    files = {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size,
                                                   "sha256": sha256(path)}
             for path in sorted(folder.rglob("*")) if path.is_file()}
    (folder / RECORD_FILE).write_text(
        json.dumps({"schema": SCHEMA, "source": source, "files": files}, indent=1),
        encoding="utf-8")


def verify(model: str, reporter: Reporter | None = None) -> bool:
    """Compare the files of an installed model with their digests.

    Args:
        model: name from the catalogue or in the models folder, or a folder.
        reporter: receives the progress in megabytes.

    Returns:
        False if the folder has no list of digests, so that nothing can be verified.

    Raises:
        EngineError: `MODEL_MISSING` if there is no such model, `MODEL_DAMAGED` naming every file
            that is damaged or missing.
    """
    info = find_model(model)
    if info is not None and info.task is Task.SEGMENTATION:
        _require(info.file, model)
        sizes = {info.files[0]: {"bytes": info.size_bytes, "sha256": info.sha256[0]}}
        return _compare(info.folder, sizes, model, reporter or SilentReporter())
    folder = info.folder if info is not None else named_folder(model)
    _require(folder / INDEX_FILE, model)
    if not os.path.lexists(folder / RECORD_FILE):
        return False
    return _compare(folder, _read_record(folder), model, reporter or SilentReporter())


def remove(model: str, models: Path | None = None) -> Path:
    """Remove a model from the models folder, including an unfinished download of it.

    `models`: the models folder; None: `models_folder()`.

    Returns:
        The path that was removed.

    Raises:
        EngineError: `BAD_INPUT` for the bundled model and for a name that is not plain;
            `MODEL_MISSING` if the model does not exist; `DISK` if it cannot be removed.
    """
    info = find_model(model)
    if info is not None and not info.repo:
        raise EngineError(ErrorCode.BAD_INPUT,
                          f"{model} is part of the program and can't be removed",
                          "uninstall the program to remove it")
    if not is_plain_name(model):
        raise EngineError(ErrorCode.BAD_INPUT, f"{model!r} is not a valid name of a model",
                          "give the name of a model in the models folder")
    models = models or models_folder()
    target = models / model
    if info is not None and info.task is Task.SEGMENTATION:
        target = info.file_in(models)
    there = target.is_file() or (target / INDEX_FILE).is_file()
    partial = models / DOWNLOADS / model
    if not there and not partial.is_dir():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the model {model} is not in {models}",
                          "run `models list` to see the installed models")
    try:
        for path in [target] * there + [partial] * partial.is_dir():
            _delete(path)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"{target} can't be removed: {error.strerror}",
                          "close the programs that use it, then try again") from error
    return target if there else partial


def check_links(folder: Path) -> None:
    """Refuse a model folder that refers to files outside of it.

    In a Hugging Face cache, the links of a snapshot may lead to `blobs` of its repository.

    Raises:
        EngineError: `MODEL_DAMAGED` for a link to something outside, and for a list of weight
            files (`*.index.json`) with anything but plain names of weight files in it.
    """
    roots = [folder.resolve()]
    if hub_id_of(roots[0]):
        roots.append(roots[0].parent.parent / "blobs")
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(parent) / name
            if not any(path.resolve().is_relative_to(root) for root in roots):
                raise _unsafe(f"{path} leads out of the model's folder")
        for name in files:
            if name.endswith(".index.json"):
                _check_shards(Path(parent) / name)


def named_folder(model: str, models: Path | None = None) -> Path:
    """A model's folder by its name in the models folder, or by its path. It may not exist."""
    inside = (models or models_folder()) / model
    return inside if is_plain_name(model) and inside.is_dir() else Path(model).expanduser()


def found_folder(model: str, models: Path | None = None) -> Path:
    """As `named_folder`; for a repository of the Hugging Face cache, given by its name
    ("owner/name") or its path, the newest snapshot.
    """
    folder = snapshot_in(named_folder(model, models))
    if not folder.exists() and is_hub_id(model):
        return cached_snapshot(model) or folder
    return folder


def is_plain_name(name: str) -> bool:
    """Whether a name denotes a direct entry of a folder on every operating system."""
    return bool(name) and not name.startswith(".") and not set(name) & set('/\\:\0')


def is_inside(name: str) -> bool:
    """Whether a relative path with slashes stays inside its folder."""
    return all(is_plain_name(part) for part in name.split("/"))


def _compare(folder: Path, files: dict[str, dict[str, Any]], model: str,
             reporter: Reporter) -> bool:
    """Read and compare every listed file. Returns True or raises an error."""
    total = sum(int(file["bytes"]) for file in files.values())
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        reporter.progress("verify (MB)", done // MB, max(total // MB, 1))

    problems = []
    root = folder.resolve()
    for name, expected in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(root):
            problems.append(f"{name} leads out of the folder")
        elif not path.is_file():
            problems.append(f"{name} is missing")
        elif (path.stat().st_size != expected["bytes"]
              or sha256(path, progress) != expected["sha256"]):
            problems.append(f"{name} is damaged")
    if problems:
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{model}: {', '.join(problems)}",
                          "remove the model, then fetch or import it again")
    return True


def _read_record(folder: Path) -> dict[str, dict[str, Any]]:
    """The listed files; their names are checked by `_compare`."""
    path = folder / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): {"bytes": int(file["bytes"]), "sha256": str(file["sha256"])}
                 for name, file in record["files"].items()}
        if record["schema"] != SCHEMA or not files:
            raise ValueError("it lists no files")
    except UNREADABLE_JSON as error:
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {str(error)[:500]}",
                          "remove the model, then fetch or import it again") from error
    return files


def _check_shards(path: Path) -> None:
    try:
        names = set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values())
    except UNREADABLE_JSON as error:
        raise _unsafe(f"{path} can't be read: {str(error)[:500]}") from error
    for name in names:
        if not isinstance(name, str) or not is_plain_name(name) or (
                not name.endswith((".safetensors", ".bin"))):
            raise _unsafe(f"{path} names {name!r}, which is not a weight file of its folder")


def _unsafe(message: str) -> EngineError:
    return EngineError(ErrorCode.MODEL_DAMAGED, message,
                       "don't use this model, or copy its files into one folder")


def _require(file: Path, model: str) -> None:
    if not file.is_file():
        if os.path.sep not in model and not Path(model).exists():
            known_model(model)
        raise EngineError(ErrorCode.MODEL_MISSING, f"{file.parent} contains no model",
                          "fetch it with `models download`, or give another folder")


def _delete(path: Path) -> None:
    """Remove a file or a folder; of a link, only the link itself."""
    # Renamed first: an interrupted removal must not leave an incomplete model under its name.
    doomed = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    path.rename(doomed)
    with suppress(FileNotFoundError):  # another process may clean up at the same time
        if doomed.is_dir() and not doomed.is_symlink():
            shutil.rmtree(doomed)
        else:
            doomed.unlink()
