# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets bring back the settings, and nothing that belongs to one picture."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def preset(bpy, scene):
    """A preset's file, made from settings that differ from the defaults; removed afterwards."""
    settings = scene.zero123
    settings.orbit, settings.guidance, settings.sampler = 5, 2.5, 'ddim'
    settings.like_picture, settings.model = False, "it's \"mine\""
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


def test_a_preset_brings_the_settings_back(bpy, scene, preset):
    settings = scene.zero123
    assert (settings.orbit, settings.image) == (8, None)
    bpy.ops.script.execute_preset(filepath=str(preset), menu_idname="ZERO123_MT_presets")
    assert (settings.orbit, settings.guidance, settings.sampler) == (5, 2.5, 'ddim')
    assert (settings.like_picture, settings.model) == (False, "it's \"mine\"")
    assert settings.image is None
    assert settings.views == ""


def test_a_preset_holds_every_setting(bpy, scene, preset):
    text = preset.read_text()
    others = {"rna_type", "name", "image", "views", "text", "render", "train"}
    for name in set(scene.zero123.bl_rna.properties.keys()) - others:
        assert f"settings.{name} = " in text
    assert "image" not in text
