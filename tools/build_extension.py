# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and validates the extension with Blender's own tool: `build_extension.py OUT.zip`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.setup.segmentation_model import IN_PACKAGE, bundled_model  # noqa: E402

MANIFEST = "blender_manifest.toml"
DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every file in an archive, so that the same sources give the same bytes. It is not
visible: Blender sets the current time when it unpacks."""


def build(archive: Path, source: Path = ROOT) -> Path:
    """Write the zip of `source`; the same files give the same bytes, whenever and wherever."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    run_tool("build", "--source-dir", str(source), "--output-filepath", str(archive))
    model = bundled_model()
    rewrite(archive, archive,
            {str(IN_PACKAGE.relative_to(ROOT)): model.read_bytes()} if model else None)
    run_tool("validate", str(archive))
    return archive


def run_tool(*arguments: str) -> None:
    """Run Blender's tool for extensions. Blender as a module contains it; it does not import bpy.

    Raises:
        RuntimeError: with the tool's output, if it fails.
    """
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("Blender as a module isn't installed: pip install bpy")
    tool = next(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    result = subprocess.run([sys.executable, str(tool), *arguments], check=False, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise RuntimeError(f"Blender's tool can't {arguments[0]}:\n{result.stdout}")


def rewrite(source: Path, target: Path, changed: Mapping[str, bytes] | None = None) -> None:
    """Copy an archive in an order and with dates that depend on nothing.

    `changed`: files that are added or replaced.
    """
    with ZipFile(source) as archive:
        contents = {entry.filename: archive.read(entry) for entry in archive.infolist()
                    if not entry.is_dir()}
    contents.update(changed or {})
    temporary = target.with_name(target.name + ".new")
    with ZipFile(temporary, "w") as archive:
        for name in sorted(contents):
            entry = ZipInfo(name, DATE)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = 0o100644 << 16
            packed = name.endswith((".whl", ".png"))
            entry.compress_type = ZIP_STORED if packed else ZIP_DEFLATED
            archive.writestr(entry, contents[name], compresslevel=9)
    temporary.replace(target)


if __name__ == "__main__":
    print(build(Path(sys.argv[1]).resolve()))
