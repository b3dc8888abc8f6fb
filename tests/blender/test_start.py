# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension hardly delays the start of Blender."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("numpy", "torch", "PIL", "cv2", "scipy", "diffusers", "transformers", "trimesh")
PROGRAM = f"""
import os, sys
import bpy
sys.modules.update(dict.fromkeys({HEAVY}))  # to import one of them now raises ImportError
bpy.ops.extensions.package_install_files(
    repo="user_default", filepath=sys.argv[1], enable_on_install=True, overwrite=True)
from bl_ext.user_default.zero123.operators.session import session
assert bpy.context.scene.zero123.orbit == 8
handlers = [name for name in dir(bpy.app.handlers)
            if isinstance(getattr(bpy.app.handlers, name), list)
            for handler in getattr(bpy.app.handlers, name) if "zero123" in handler.__module__]
print("handlers", *handlers)
print("timers", session.timer.pending)
sys.stdout.flush()
os._exit(0)
"""


def test_extension_starts_without_libraries_and_timers(bpy, archive, tmp_path):
    """It runs in a separate Blender, in which no library is loaded yet."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(archive)], capture_output=True, text=True, check=False,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "timers 0" in done.stdout.splitlines()
    handlers = next(line.split()[1:] for line in done.stdout.splitlines()
                    if line.startswith("handlers "))
    assert {"load_post", "save_post"} <= set(handlers)
    assert not [name for name in handlers if name.startswith(("frame_", "depsgraph_"))]
