# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets restore the settings, except those of a single image."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest


@pytest.fixture
def preset(bpy, scene):
    """A preset's file, made from settings that differ from the defaults; removed afterwards."""
    settings = scene.zero123
    settings.orbit, settings.guidance, settings.sampler = 5, 2.5, 'ddim'
    settings.like_input, settings.model = False, "it's \"mine\""
    settings.views = "/somewhere/views.json"
    settings.image = bpy.data.images.new("Mine", 8, 8)
    assert bpy.ops.zero123.preset_add(name="Test One") == {'FINISHED'}
    file = next(Path(folder, "Test_One.py") for folder in bpy.utils.preset_paths("zero123"))
    for name in (prop.identifier for prop in settings.bl_rna.properties):
        if name not in ("rna_type", "name"):
            settings.property_unset(name)
    yield file
    bpy.ops.zero123.preset_add(name="Test One", remove_name=True)
    assert not file.exists()
    for name in (prop.identifier for prop in settings.bl_rna.properties):
        if name not in ("rna_type", "name"):
            settings.property_unset(name)


def test_preset_restores_the_settings(bpy, scene, preset):
    settings = scene.zero123
    assert (settings.orbit, settings.image) == (8, None)
    bpy.ops.script.execute_preset(filepath=str(preset), menu_idname="ZERO123_MT_presets")
    assert (settings.orbit, settings.guidance, settings.sampler) == (5, 2.5, 'ddim')
    assert (settings.like_input, settings.model) == (False, "it's \"mine\"")
    assert settings.image is None
    assert settings.views == ""


def test_preset_contains_every_setting(bpy, scene, preset):
    text = preset.read_text()
    others = {"rna_type", "name", "image", "views", "text", "render", "train"}
    for name in set(scene.zero123.bl_rna.properties.keys()) - others:
        assert f"settings.{name} = " in text
    assert "image" not in text


def shipped(bpy, extension):
    folder, = (folder for folder in bpy.utils.preset_paths("zero123")
               if folder.startswith(str(extension("engine.setup.environment").ROOT)))
    return {file.stem: file for file in Path(folder).glob("*.py")}


def test_presets_menu_lists_the_shipped_presets(bpy, extension):
    assert set(shipped(bpy, extension)) == {"Quick_Look", "Turntable", "Best_Mesh"}
    package = extension()
    package.unregister()
    assert not any("shipped" in folder for folder in bpy.utils.preset_paths("zero123"))
    package.register()


@pytest.mark.parametrize("name", ["Quick_Look", "Turntable", "Best_Mesh"])
def test_shipped_preset_sets_all_its_values(bpy, scene, extension, name):
    settings = scene.zero123
    file = shipped(bpy, extension)[name]
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="ZERO123_MT_presets")
    values = {key: ast.literal_eval(value) for key, value in re.findall(
        r"^settings\.(\w+) = (.+)$", file.read_text(), re.MULTILINE)}
    assert len(values) >= 5
    assert {key: getattr(settings, key) for key in values} == values
    for key in values:
        settings.property_unset(key)
