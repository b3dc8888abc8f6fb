# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request elsewhere: the files it starts from, and what the paths there stand for here.

Standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.request import Request
from .archive import files_under
from .ssh_host import Files

WITH_OTHERS = (".obj", ".gltf")
"""3D models that have their materials and pictures in files beside them."""


@dataclass
class Places:
    """Paths there, and those that they stand for here."""

    _pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, there: str, here: str) -> None:
        """Know one more."""
        self._pairs.append((there, here))
        self._pairs.sort(key=lambda pair: -len(pair[0]))  # of a path within another, the inner one

    def localised(self, value: Any) -> Any:
        """Plain JSON with the paths there replaced by those here."""
        if isinstance(value, dict):
            return {name: self.localised(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.localised(item) for item in value]
        if isinstance(value, str):
            for there, here in self._pairs:
                value = value.replace(there, here)
        return value

    def localise_files(self, folder: Path) -> None:
        """Replace the paths in all JSON files of a folder."""
        for path in folder.rglob("*.json"):
            text = path.read_text(encoding="utf-8")
            if any(there in text for there, _ in self._pairs):
                changed = self.localised(json.loads(text))
                path.write_text(json.dumps(changed, indent=1), encoding="utf-8")


def inputs(request: Request) -> tuple[Files, dict[str, str]]:
    """The files that a request starts from with their names there; the names of its fields.

    Raises:
        EngineError: `BAD_INPUT` if there is no such file.
    """
    files: list[tuple[Path, str]] = []
    names: dict[str, str] = {}
    for name, declared in request.fields_with("reads").items():
        value = getattr(request, name)
        if not value:
            continue
        path = Path(value)
        if not path.exists():
            raise EngineError(ErrorCode.BAD_INPUT, f"there is no file {path}", "check its name")
        names[name] = f"{name}/{path.name}"
        if path.suffix.lower() in WITH_OTHERS:
            files += [(file, f"{name}/{inner}") for file, inner in files_under(path.parent)]
        elif path.is_dir():
            files += [(file, f"{names[name]}/{inner}") for file, inner in files_under(path)]
        else:
            beside = declared.metadata.get("beside")
            others = sorted(path.parent.glob(beside)) if beside else []
            files += [(file, f"{name}/{file.name}") for file in (path, *others)]
    return files, names
