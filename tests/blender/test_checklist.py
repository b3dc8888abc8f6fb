# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checklist reports and fixes an incomplete set-up, and the engine's memory can be released."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def checklist(bpy, scene, extension):
    """The checklist with default settings, which are restored afterwards."""
    found = extension("operators.session").session.checklist
    found.refresh(bpy.context)
    yield found
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    preferences.engine_python = preferences.model_folder = ""
    bpy.context.scene.zero123.property_unset("model")  # not `scene`: another file may be open
    found.facts, found.facts_error = {}, None
    found.refresh(bpy.context)


@pytest.fixture
def preferences(bpy, extension):
    return bpy.context.preferences.addons[extension().__name__].preferences


def shown(bpy):
    return bpy.types.ZERO123_PT_setup.poll(bpy.context)


def test_checklist_reports_missing_python_when_it_is_chosen(bpy, checklist, preferences):
    preferences.engine_python = sys.executable
    assert not shown(bpy)
    preferences.engine_python = "/nonexistent/python"
    assert shown(bpy)
    assert "/nonexistent/python" in str(checklist.python_error)
    with pytest.raises(RuntimeError, match="/nonexistent/python"):
        bpy.ops.zero123.check_setup()


def test_checklist_checks_the_model_of_a_loaded_file(bpy, scene, checklist, preferences, tmp_path):
    preferences.engine_python = sys.executable
    files = {"zero123-xl": tmp_path / "lacks.blend", "nano": tmp_path / "has.blend"}
    for model, file in files.items():
        scene.zero123.model = model
        bpy.ops.wm.save_as_mainfile(filepath=str(file), copy=True)
    assert not shown(bpy)
    bpy.ops.wm.open_mainfile(filepath=str(files["zero123-xl"]), load_ui=False)
    assert shown(bpy)
    assert "zero123-xl" in str(checklist.model_error)
    bpy.ops.wm.open_mainfile(filepath=str(files["nano"]), load_ui=False)
    assert not shown(bpy)


def test_checklist_offers_the_bundled_model(bpy, scene, checklist, preferences, tmp_path):
    preferences.engine_python = sys.executable
    for name in ("zero123-xl", str(tmp_path / "mine")):
        scene.zero123.model = name
        assert shown(bpy)
        assert name in str(checklist.model_error)
    for folder in (tmp_path / "zero123-xl", tmp_path / "mine"):
        folder.mkdir()
        (folder / "model_index.json").write_text("{}")
    preferences.model_folder = str(tmp_path)
    assert not shown(bpy)  # a folder of its own
    scene.zero123.model = "zero123-xl"
    assert "licence" in str(checklist.model_error)
    bpy.ops.zero123.model_accept_licence(model="zero123-xl", accept_licence=True)
    assert not shown(bpy)  # a name of the catalogue, in the model folder
    preferences.model_folder = ""
    assert shown(bpy)
    bpy.ops.wm.context_set_string(data_path="scene.zero123.model", value="nano")
    assert checklist.model_error is None


@pytest.mark.needs_engine
def test_doctor_finds_the_device(bpy, checklist, preferences):
    preferences.engine_python = sys.executable
    assert bpy.ops.zero123.check_setup() == {'FINISHED'}
    assert checklist.facts["device"] in ("cpu", "cuda", "mps")
    assert checklist.facts["memory_mb"] > 500
    assert not checklist.incomplete


@pytest.mark.needs_engine
def test_doctor_lists_models(bpy, scene, checklist, preferences, extension, tmp_path):
    """One model needs more memory than is free; a damaged one is not reported as the engine's
    problem.
    """
    info = extension("engine.models.catalogue").find_model("zero123-xl")
    preferences.engine_python, preferences.model_folder = sys.executable, str(tmp_path)
    bpy.ops.zero123.check_setup()
    assert not checklist.lacks_memory(info) or checklist.facts["free_memory_mb"] < 6000
    checklist.facts |= {"device": "cpu", "free_memory_mb": 5000}
    assert checklist.lacks_memory(info)
    (tmp_path / "u2netp.onnx").write_bytes(b"cut off")
    with pytest.raises(RuntimeError, match="damaged: u2netp"):
        bpy.ops.zero123.check_setup()
    assert checklist.facts_error is None
    assert "u2netp" in str(checklist.model_error)
    bpy.ops.zero123.model_remove(model="u2netp")
    assert checklist.model_error is None


def test_report_contains_blender_and_engine_facts(bpy, extension, checklist, preferences):
    preferences.engine_python = sys.executable
    assert bpy.ops.zero123.copy_report() == {'FINISHED'}
    text = extension("operators.session.checklist").report_text(
        extension("operators.session").session.checklist)
    for word in (bpy.app.version_string, "torch", "device", "problem"):
        assert word in text
    preferences.engine_python = "/nonexistent/python"
    assert bpy.ops.zero123.copy_report() == {'FINISHED'}
    text = extension("operators.session.checklist").report_text(
        extension("operators.session").session.checklist)
    assert "the Python /nonexistent/python does not exist" in text
    assert "torch" not in text


def test_checklist_reports_missing_libraries(bpy, checklist, preferences, tmp_path):
    """An environment that contains only Python."""
    import venv

    venv.create(tmp_path / "bare", with_pip=False)
    preferences.engine_python = str(tmp_path / "bare" / "bin" / "python")
    assert not shown(bpy)  # the quick check cannot detect this
    with pytest.raises(RuntimeError, match=r"lacks libraries: .*torch"):
        bpy.ops.zero123.check_setup()
    assert shown(bpy)
    preferences.engine_python = sys.executable
    assert not shown(bpy)  # the report about the other Python was dropped


def test_checklist_reports_a_program_that_is_not_python(bpy, checklist, preferences, tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    preferences.engine_python = str(program)
    with pytest.raises(RuntimeError, match="the engine's Python cannot run the engine"):
        bpy.ops.zero123.check_setup()


@pytest.mark.needs_engine
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the engine's memory from /proc")
def test_engine_releases_its_memory(bpy, scene, extension, picture):
    """The engine continues to work afterwards."""
    runner = extension("operators.session").session.runner
    values = {"filepath": str(picture), "orbit": 1, "steps": 1}
    bpy.ops.zero123.generate_views(**values)
    process, before = runner.engine_pid, _anonymous_mb(runner.engine_pid)
    bpy.ops.zero123.release_memory()
    # Memory is released before the next job, and a cut-out needs no model.
    bpy.ops.zero123.prepare_picture(filepath=str(picture))
    assert _anonymous_mb(process) < before - 50
    bpy.ops.zero123.generate_views(**values)
    assert runner.engine_pid == process
    runner.stop_engine()
    with pytest.raises(RuntimeError, match="not running"):
        bpy.ops.zero123.release_memory()


def _anonymous_mb(pid: int) -> int:
    """Anonymous memory of a process, without mapped files."""
    lines = dict(line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) // 1024
