# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python, installed from Blender."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def wheels(project_root: Path, extension, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle for the offline installation. It is made by a separate process, because `engine`
    can't be imported beside Blender's copy.
    """
    script = project_root / "tests" / "helpers" / "empty_wheels.py"
    subprocess.run([sys.executable, script, tmp_path / "wheels", tmp_path / "locks"],
                   env={"PYTHONPATH": str(project_root)}, check=True)
    monkeypatch.setattr(extension("engine.setup.backends"), "LOCKS", tmp_path / "locks")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path / "wheels"


def test_engine_install_uses_the_extension_s_folder(bpy, extension, wheels):
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    preferences.backend = "cpu"
    assert bpy.ops.zero123.engine_install(wheels=str(wheels)) == {'FINISHED'}
    folder = extension("operators.session.preferences").engine_folder()
    environment = extension("engine.setup.environment")
    assert environment.venv_python(folder).is_file()
    assert folder.is_relative_to(bpy.utils.resource_path('USER'))
    assert environment.read_spec(folder).backend == "cpu"
    preferences.property_unset("backend")


def test_engine_install_uses_the_offline_bundle(bpy, extension, wheels):
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    preferences.wheels_folder = str(wheels / "elsewhere")
    with pytest.raises(RuntimeError, match=r"elsewhere.* does not exist"):
        bpy.ops.zero123.engine_install()
    preferences.property_unset("wheels_folder")
    extension("operators.session").session.installation.error = None


def test_engine_install_refuses_an_unknown_backend(bpy, wheels):
    with pytest.raises(RuntimeError, match="backend 'tpu' is unknown"):
        bpy.ops.zero123.engine_install(wheels=str(wheels), backend="tpu")


def test_open_log_shows_a_failed_installation(bpy, extension, wheels):
    next(wheels.glob("xatlas-*.whl")).unlink()
    with pytest.raises(RuntimeError, match="xatlas"):
        bpy.ops.zero123.engine_install(wheels=str(wheels), backend="cpu")
    assert bpy.ops.zero123.open_log() == {'FINISHED'}
    assert "xatlas" in bpy.data.texts["Zero123 Engine Log"].as_string()
    extension("operators.session").session.installation.error = None


def test_engine_install_reports_a_failure(bpy, tmp_path):
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.zero123.engine_install(wheels=str(tmp_path / "nothing"))


def test_engine_install_needs_online_access(bpy, monkeypatch):
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)
    with pytest.raises(RuntimeError, match="Online Access"):
        bpy.ops.zero123.engine_install()
