# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: the preferences, and the installation from an offline bundle.

`t` is the scenario's own namespace: its report and helpers.
"""

import shutil
import sys
from pathlib import Path

import bpy

LIBRARY = "xatlas"
"""The library that is missing in the bundle at first."""


def preferences_page(t):
    """The whole page of the extension."""
    bundle = Path(t.TASK["bundle"])
    preferences = bpy.context.preferences.addons[t.PACKAGE].preferences
    preferences.engine_python, preferences.backend = "", "cpu"
    preferences.wheels_folder = str(bundle / "wheels")
    with t.in_view():
        bpy.ops.preferences.addon_show(module=t.PACKAGE)
    yield 2.0
    t.screenshot("preferences")
    area = _page().screen.areas[0]
    region = next(region for region in area.regions if region.type == 'WINDOW')
    with bpy.context.temp_override(window=_page(), area=area, region=region):
        for _ in range(60):
            bpy.ops.view2d.scroll_down()
    yield 1.5
    t.screenshot("preferences below")


def installing(t):
    """The first attempt fails and shows the reason and its log; the second one resumes it."""
    work = t.module("operators.session").session.installation
    backends, bundle = t.module("engine.setup.backends"), Path(t.TASK["bundle"])
    before = backends.LOCKS, sys.executable, shutil.which
    # A Blender that was unpacked for the tests may have a Python that runs only inside it; and uv
    # would be done before there is anything to see.
    backends.LOCKS, sys.executable = bundle / "locks", t.TASK["python"]
    shutil.which = lambda name: None
    (wheel,) = (bundle / "wheels").glob(f"{LIBRARY}-*.whl")
    hidden = shutil.move(wheel, bundle)
    yield from t.search("install zero engine")  # keys of digits have names of their own
    yield lambda: not work.running
    yield 1.0
    t.report["installation_failed"] = str(work.error)
    t.screenshot("installation failed")
    yield from _log(t)
    shutil.move(hidden, bundle / "wheels")
    with t.in_view():
        bpy.ops.zero123.engine_install('INVOKE_DEFAULT')
    t.report["installing"] = work.running
    yield lambda: work.done > 0 or not work.running
    yield 1.0
    t.screenshot("installing")
    yield lambda: not work.running
    yield 1.5
    t.screenshot("installed")
    _end(t, work)
    backends.LOCKS, sys.executable, shutil.which = before
    yield 0.5


def _page():
    """Open the window with the preferences."""
    return next(window for window in bpy.context.window_manager.windows
                if window.screen.areas[0].type == 'PREFERENCES')


def _log(t):
    """The installer's output."""
    with t.in_view():
        bpy.ops.zero123.open_log()
    yield 1.5
    t.screenshot("installation log")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
        bpy.ops.wm.window_close()
    text = bpy.data.texts["Zero123 Engine Log"]
    t.report["installation_log"] = LIBRARY in text.as_string()
    bpy.data.texts.remove(text)


def _end(t, work):
    """Record the result, and restore the earlier state."""
    environment = t.module("engine.setup.environment")
    folder = t.module("operators.session.preferences").engine_folder()
    t.report["installed"] = [str(work.error), environment.venv_python(folder).is_file(),
                             environment.read_spec(folder).backend]
    with bpy.context.temp_override(window=_page()):
        bpy.ops.wm.window_close()
    shutil.rmtree(folder)
    preferences = bpy.context.preferences.addons[t.PACKAGE].preferences
    for name in ("backend", "wheels_folder"):
        preferences.property_unset(name)
    preferences.engine_python = t.TASK["python"]


CHAPTERS = (preferences_page, installing)
