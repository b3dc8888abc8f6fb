# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered beside the models: accepted licences, and the hashes of first downloads.

One small JSON file in the models folder. Standard library only.
"""

from __future__ import annotations

import json
from typing import Any

from ..outputs import staged_file
from ..protocol import EngineError, ErrorCode
from .catalogue import ModelInfo, models_folder

LEDGER_FILE = "models.json"
SCHEMA = "zero123.models/1"
_SECTIONS = ("accepted_licences", "pinned_sha256")


def licence_accepted(info: ModelInfo) -> bool:
    """Whether a model may be fetched and used: its licence is free, or was accepted as it is."""
    return not info.restricted or _read()["accepted_licences"].get(info.name) == info.licence


def accept_licence(info: ModelInfo) -> None:
    """Remember that the licence was accepted. One of another name will be asked for again."""
    _write("accepted_licences", info.name, info.licence)


def require_licence(info: ModelInfo, accepted: bool) -> None:
    """Note that a licence is accepted now, or see that it was.

    Raises:
        EngineError: `BAD_INPUT` with the licence's name and terms, if it has to be and was not.
    """
    if accepted and info.restricted:
        accept_licence(info)
    if not licence_accepted(info):
        raise EngineError(
            ErrorCode.BAD_INPUT,
            f"the licence of {info.name} has to be accepted first: {info.licence}. {info.terms}",
            f"read it at {info.licence_url}, then give --accept-licence")


def expected_sha256(info: ModelInfo, file: str) -> str:
    """The digest that a file must have: the catalogue's, else the first download's, else ""."""
    if info.sha256:
        return info.sha256[info.files.index(file)]
    return str(_read()["pinned_sha256"].get(f"{info.repo}/{file}", ""))


def pin_sha256(info: ModelInfo, file: str, digest: str) -> None:
    """Remember the digest of a first download."""
    _write("pinned_sha256", f"{info.repo}/{file}", digest)


def _read() -> dict[str, dict[str, Any]]:
    path = models_folder() / LEDGER_FILE
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
                          "mend it, or remove it to start anew") from error


def _write(section: str, key: str, value: str) -> None:
    content = _read()
    content[section][key] = value
    with staged_file(models_folder() / LEDGER_FILE) as stage:
        stage.write_text(json.dumps({"schema": SCHEMA, **content}, indent=1), encoding="utf-8")
