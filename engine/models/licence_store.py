# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores accepted licences and the digests of first downloads.

They are kept in one small JSON file in the models folder. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.staging import staged_file
from .catalogue import ModelInfo, models_folder

STORE_FILE = "models.json"
SCHEMA = "zero123.models/1"
_SECTIONS = ("accepted_licences", "pinned_sha256")


def licence_accepted(info: ModelInfo, models: Path | None = None) -> bool:
    """Whether a model may be used: its licence has no restrictions, or was accepted.

    `models`: the models folder; None: `models_folder()`.
    """
    return not info.restricted or (
        _read(models)["accepted_licences"].get(info.name) == info.licence)


def accept_licence(info: ModelInfo, models: Path | None = None) -> None:
    """Record that a model's licence was accepted. A licence with another name needs acceptance."""
    with _changed(models) as content:
        content["accepted_licences"][info.name] = info.licence


def require_licence(info: ModelInfo, accepted: bool = False) -> None:
    """Record the acceptance of a licence if `accepted`, otherwise check that it is recorded.

    Raises:
        EngineError: `BAD_INPUT` with the licence's name and terms, if acceptance is missing.
    """
    if accepted and not licence_accepted(info):
        accept_licence(info)
    if not licence_accepted(info):
        raise EngineError(
            ErrorCode.BAD_INPUT,
            f"the licence of {info.name} must be accepted first: {info.licence}. {info.terms}",
            f"read it at {info.licence_url}, then `models accept {info.name}`")


def expected_sha256(info: ModelInfo, file: str) -> str:
    """The required digest of a file: from the catalogue, or from the first download, or ""."""
    if info.sha256 and file in info.files:
        return info.sha256[info.files.index(file)]
    return str(_read()["pinned_sha256"].get(f"{info.repo}/{file}", ""))


def pin_sha256(info: ModelInfo, file: str, digest: str) -> None:
    """Record the digest of a first download."""
    with _changed() as content:
        content["pinned_sha256"][f"{info.repo}/{file}"] = digest


def unpin_sha256(info: ModelInfo) -> None:
    """Remove the recorded digests of a first download that is not a usable model."""
    with _changed() as content:
        for key in list(content["pinned_sha256"]):
            file = key.removeprefix(f"{info.repo}/")
            if file in info.files or (info.whole_repository and file != key):
                del content["pinned_sha256"][key]


def _path(models: Path | None) -> Path:
    return (models or models_folder()) / STORE_FILE


def _read(models: Path | None = None) -> dict[str, dict[str, Any]]:
    path = _path(models)
    empty: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"its schema is {content['schema']!r}")
        return {section: dict(content[section]) for section in empty}
    except FileNotFoundError:
        return empty
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Starting over would lose the digests, so that a changed file would go unnoticed.
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {error}",
                          "repair or remove the file") from error


@contextmanager
def _changed(models: Path | None = None) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield the content of the file for changes; it is written at the end of the block."""
    content = _read(models)
    yield content
    with staged_file(_path(models)) as stage:
        stage.write_text(json.dumps({"schema": SCHEMA, **content}, indent=1), encoding="utf-8")
