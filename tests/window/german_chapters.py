# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chapter for scenario.py: the tab in German, if this Blender has languages.

`t` is the scenario's own namespace: its report and helpers.
"""

import bpy


def german(t):
    """All panels open, as many at once as there is room for."""
    t.report["languages"] = "de_DE" in bpy.app.translations.locales
    if not t.report["languages"]:
        return
    view = bpy.context.preferences.view
    view.language, view.use_translate_interface = 'de_DE', True
    t.switch_on()
    scene, panels = bpy.context.scene.zero123, t.module("ui.panels")
    scene.image = bpy.data.images.load(t.TASK["picture"])
    scene.remesh = 'QUADRIFLOW'
    yield from t.open_tab()
    t.report["german"] = bpy.app.translations.pgettext_iface("Reconstruct Mesh")
    groups = [(panels.ZERO123_PT_main, panels.ZERO123_PT_picture),
              (panels.ZERO123_PT_text, panels.ZERO123_PT_views),
              (panels.ZERO123_PT_mesh, panels.ZERO123_PT_quality),
              (panels.ZERO123_PT_import, panels.ZERO123_PT_jobs,
               t.module("ui.result").ZERO123_PT_result),
              (t.module("ui.models").ZERO123_PT_models,),
              t.module("ui.training").CLASSES]
    for number, group in enumerate(groups, 1):
        yield from t.work_chapters.show_alone(t, f"Deutsch {number}", *group)
        t.screenshot(f"german {number}")
    t.work_chapters.close_tabs()
