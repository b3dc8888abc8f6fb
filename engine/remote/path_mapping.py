# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input files of a request on another computer, and the local paths that theirs stand for.

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
"""Formats of 3D models whose materials and images are files beside them."""


@dataclass
class PathMapping:
    """Paths on the other computer and the local paths that they stand for."""

    _pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, there: str, here: str) -> None:
        """Add a pair of paths."""
        self._pairs.append((there, here))
        # Longest first, so that inner paths come before outer ones.
        self._pairs.sort(key=lambda pair: -len(pair[0]))

    def to_local(self, value: Any) -> Any:
        """Plain JSON in which the other computer's paths are replaced by local ones."""
        if isinstance(value, dict):
            return {name: self.to_local(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.to_local(item) for item in value]
        if isinstance(value, str):
            for there, here in self._pairs:
                value = value.replace(there, here)
        return value

    def localise_files(self, folder: Path) -> None:
        """Replace the paths in all JSON files of a folder."""
        for path in folder.rglob("*.json"):
            text = path.read_text(encoding="utf-8")
            if any(there in text for there, _ in self._pairs):
                changed = self.to_local(json.loads(text))
                path.write_text(json.dumps(changed, indent=1), encoding="utf-8")


def inputs(request: Request) -> tuple[Files, dict[str, str]]:
    """The input files of a request with their names on the other computer, and the names of the
    files that its fields name.

    Raises:
        EngineError: `BAD_INPUT` if a file does not exist.
    """
    files: list[tuple[Path, str]] = []
    names: dict[str, str] = {}
    for name, declared in request.fields_with("reads").items():
        value = getattr(request, name)
        if not value:
            continue
        path = Path(value)
        if not path.exists():
            raise EngineError(ErrorCode.BAD_INPUT, f"the file {path} does not exist",
                              "check its name")
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
