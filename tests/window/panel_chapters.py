# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: all panels, in English and, if this Blender has languages, in German.

`t` is the scenario's own namespace: its report and helpers.
"""

import bpy

CLASHES = ("samples", "remesh")
"""Settings for whose names Blender has another translation."""


def english(t):
    """Also the parts that appear only with certain settings."""
    t.switch_on()
    scene = bpy.context.scene.zero123
    scene.image = bpy.data.images.load(t.TASK["picture"])
    scene.remesh, scene.like_input, scene.mode = 'QUADRIFLOW', False, 'SINGLE'
    yield from t.open_tab()
    yield from _open_all(t, "english")


def german(t):
    """The same in German, without counting Blender's own translations."""
    t.report["languages"] = "de_DE" in bpy.app.translations.locales
    if not t.report["languages"]:
        return
    view, translate = bpy.context.preferences.view, bpy.app.translations.pgettext_iface
    view.language, view.use_translate_interface = 'de_DE', True
    settings = bpy.context.scene.zero123.bl_rna.properties
    t.report["german"] = {name: translate(settings[name].name, settings[name].translation_context)
                          for name in CLASHES}
    yield from _open_all(t, "german")


def _open_all(t, name):
    """Open as many panels at once as fit."""
    panels = t.module("ui.panels")
    groups = [(panels.ZERO123_PT_main, panels.ZERO123_PT_camera),
              (panels.ZERO123_PT_text, panels.ZERO123_PT_views),
              (panels.ZERO123_PT_mesh, panels.ZERO123_PT_quality),
              (panels.ZERO123_PT_import, panels.ZERO123_PT_jobs,
               t.module("ui.result").ZERO123_PT_result),
              (t.module("ui.models").ZERO123_PT_models,),
              t.module("ui.training").CLASSES]
    for number, group in enumerate(groups, 1):
        yield from t.work_chapters.show_alone(t, str(number), *group)
        t.screenshot(f"{name} {number}")
        t.work_chapters.close_tabs()


CHAPTERS = (english, german)
