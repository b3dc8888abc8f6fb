# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels with the names and versions of the engine's libraries and nothing in them."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

from engine.installation import REQUIREMENTS_FILE


def empty_wheels(folder: Path, without: str = "") -> Path:
    """One wheel for every line of the requirements but `without`."""
    folder.mkdir(parents=True)
    for line in REQUIREMENTS_FILE.read_text().splitlines():
        if line.startswith("#"):
            continue
        wanted = Requirement(line)
        if wanted.name == without or (wanted.marker and not wanted.marker.evaluate()):
            continue
        version = next(part.version for part in wanted.specifier if part.operator in ("==", ">="))
        _write_wheel(folder, wanted.name.replace("-", "_"), version)
    return folder


def _write_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA",
                       f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\n"
                       "Root-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


if __name__ == "__main__":
    empty_wheels(Path(sys.argv[1]))
