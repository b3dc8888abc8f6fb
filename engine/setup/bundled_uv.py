# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""uv, a faster installer than pip, which the extension's packages for one platform contain."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from .environment import ROOT

WHEELS = ROOT / "wheels"
_SYSTEMS = {"linux": "manylinux", "darwin": "macosx", "win32": "win"}
"""Values of `sys.platform` and the names of these systems in wheels."""
_PROGRAMS = ("/scripts/uv", "/scripts/uv.exe")


@contextmanager
def bundled_uv(folder: Path) -> Iterator[str | None]:
    """The bundled uv, unpacked into `folder` for the block; None if there is none."""
    system, machine = _SYSTEMS.get(sys.platform, "?"), platform.machine().lower()
    found = [path for path in WHEELS.glob("uv-*.whl")
             if f"-{system}" in path.name and path.stem.endswith(machine)]
    if not found:
        yield None
        return
    try:
        with ZipFile(found[0]) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(_PROGRAMS))
            folder.mkdir(exist_ok=True)
            program = folder / Path(name).name
            program.write_bytes(wheel.read(name))
        program.chmod(0o755)
        yield str(program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
