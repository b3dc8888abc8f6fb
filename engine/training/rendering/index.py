# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`dataset.json`: the objects of a rendered data set, and those that were left out."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import EngineError, ErrorCode
from ...core.files import UNREADABLE_JSON
from ...core.staging import staged_file

INDEX = "dataset.json"
HIDDEN = ".rendering"
"""Folder of the objects that are in no shard yet."""
SCHEMA = "zero123.dataset/1"


@dataclass
class Index:
    """The content of `dataset.json`."""

    settings: dict[str, int]
    shards: dict[str, dict[str, str]] = field(default_factory=dict)
    """File name to the keys of its objects, each with the model file that it was made from."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Model file to the reason why it was left out."""

    @property
    def done(self) -> dict[str, str]:
        """Model file to key, of all that is in shards."""
        return {model: key for keys in self.shards.values() for key, model in keys.items()}

    def save(self, folder: Path) -> None:
        """Replace the file in the folder."""
        document = {"schema": SCHEMA, "settings": self.settings, "shards": self.shards,
                    "skipped": self.skipped}
        with staged_file(folder / INDEX) as stage:
            stage.write_text(json.dumps(document, indent=1), encoding="utf-8")


def open_index(out: Path, settings: dict[str, int]) -> Index:
    """The data set in a folder, or a new one.

    Raises:
        EngineError: `BAD_INPUT` if it can't be read or was made with other settings.
    """
    if not (out / INDEX).is_file():
        return Index(settings)
    try:
        document = json.loads((out / INDEX).read_text(encoding="utf-8"))
        index = Index(document["settings"], document["shards"], document["skipped"])
        index.shards = {name: keys for name, keys in index.shards.items()
                        if (out / name).is_file()}  # a shard that was removed is made again
    except UNREADABLE_JSON as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{out / INDEX} can't be read: {error}",
                          "choose another folder") from error
    if index.settings != settings and not index.shards:
        shutil.rmtree(out / HIDDEN, ignore_errors=True)
        return Index(settings)
    if index.settings != settings:
        raise EngineError(ErrorCode.BAD_INPUT,
                          f"{out} was rendered with other settings: {index.settings}",
                          "give the same settings, or choose another folder")
    return index
