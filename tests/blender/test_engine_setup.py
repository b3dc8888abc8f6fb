# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python, installed from Blender."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheels(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for the offline installation; `engine` can't be imported beside Blender's copy."""
    folder = tmp_path_factory.mktemp("bundle") / "wheels"
    subprocess.run([sys.executable, str(project_root / "tests" / "engine" / "wheels.py"),
                    str(folder)], env={"PYTHONPATH": str(project_root)}, check=True)
    return folder


def test_it_is_installed_into_the_extensions_folder(bpy, extension, wheels):
    assert bpy.ops.zero123.engine_install(wheels=str(wheels)) == {'FINISHED'}
    folder = extension("operators.addon").engine_folder()
    environment = extension("engine.environment")
    assert environment.venv_python(folder).is_file()
    assert folder.is_relative_to(bpy.utils.resource_path('USER'))


def test_a_failed_installation_tells_why(bpy, tmp_path):
    with pytest.raises(RuntimeError, match="there is no folder"):
        bpy.ops.zero123.engine_install(wheels=str(tmp_path / "nothing"))


def test_nothing_is_downloaded_without_permission(bpy, monkeypatch):
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)
    with pytest.raises(RuntimeError, match="Online Access"):
        bpy.ops.zero123.engine_install()
