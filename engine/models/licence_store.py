# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered beside the models: accepted licences, and the hashes of first downloads.

One small JSON file in the models folder. Standard library only.
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
    """Whether a model may be fetched and used: its licence is free, or was accepted as it is.

    `models`: the models folder, if it isn't `models_folder()`.
    """
    return not info.restricted or (
        _read(models)["accepted_licences"].get(info.name) == info.licence)


def accept_licence(info: ModelInfo, models: Path | None = None) -> None:
    """Remember that the licence was accepted. One of another name will be asked for again."""
    with _changed(models) as content:
        content["accepted_licences"][info.name] = info.licence


def require_licence(info: ModelInfo, accepted: bool = False) -> None:
    """Note that a licence is accepted now, or see that it was.

    Raises:
        EngineError: `BAD_INPUT` with the licence's name and terms, if it has to be and was not.
    """
    if accepted and not licence_accepted(info):
        accept_licence(info)
    if not licence_accepted(info):
        raise EngineError(
            ErrorCode.BAD_INPUT,
            f"the licence of {info.name} has to be accepted first: {info.licence}. {info.terms}",
            f"read it at {info.licence_url}, then `models accept {info.name}`")


def expected_sha256(info: ModelInfo, file: str) -> str:
    """The digest that a file must have: the catalogue's, else the first download's, else ""."""
    if info.sha256 and file in info.files:
        return info.sha256[info.files.index(file)]
    return str(_read()["pinned_sha256"].get(f"{info.repo}/{file}", ""))


def pin_sha256(info: ModelInfo, file: str, digest: str) -> None:
    """Remember the digest of a first download."""
    with _changed() as content:
        content["pinned_sha256"][f"{info.repo}/{file}"] = digest


def unpin_sha256(info: ModelInfo) -> None:
    """Forget the digests of a first download that turned out to be no model."""
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
        # Starting anew would forget the pins, and with them that a file has changed.
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {error}",
                          "repair it, or remove it to start anew") from error


@contextmanager
def _changed(models: Path | None = None) -> Iterator[dict[str, dict[str, Any]]]:
    """The sections, to be changed; written at the end of the block."""
    content = _read(models)
    yield content
    with staged_file(_path(models)) as stage:
        stage.write_text(json.dumps({"schema": SCHEMA, **content}, indent=1), encoding="utf-8")
