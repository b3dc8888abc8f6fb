# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and validates the extension with Blender's own tool: `build_extension.py OUT.zip`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build(archive: Path) -> Path:
    """Write the zip. Blender as a module brings the tool, which runs without importing bpy."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("Blender as a module isn't installed: pip install bpy")
    tool = next(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    archive.parent.mkdir(parents=True, exist_ok=True)
    for command in (["build", "--source-dir", str(ROOT), "--output-filepath", str(archive)],
                    ["validate", str(archive)]):
        result = subprocess.run([sys.executable, str(tool), *command], check=False, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode:
            raise RuntimeError(f"the extension can't be built:\n{result.stdout}")
    return archive


if __name__ == "__main__":
    print(build(Path(sys.argv[1]).resolve()))
