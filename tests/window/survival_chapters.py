# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: jobs during a switch of scenes, beside another Blender, and at the
exit.

`t` is the scenario's own namespace: its report and helpers.
"""

import subprocess
import sys
import time
from pathlib import Path

import bpy

SECOND = """
import bpy
bpy.ops.preferences.addon_enable(module={package!r})
preferences = bpy.context.preferences.addons[{package!r}].preferences
preferences.engine_python, preferences.results_folder = {python!r}, {results!r}
bpy.ops.zero123.generate_views(filepath={picture!r}, model={model!r}, orbit=4)
print("planes:", sum(item.type == 'EMPTY' for item in bpy.context.scene.objects))
"""


def _start(t, **options):
    with t.in_view():
        bpy.ops.zero123.generate_views(filepath=t.TASK["picture"], model=t.TASK["model"],
                                       **options)


def scene_switch(t):
    """A result is imported into the scene in which it was requested, whichever scene is shown
    then.
    """
    t.forget_jobs()
    first = bpy.context.scene
    before = len(first.objects)
    _start(t, orbit=2, steps=20)
    t.window().scene = second = bpy.data.scenes.new("Second")
    yield t.ended(1)
    t.report["scene_switch"] = [len(first.objects) > before, len(second.objects)]
    t.window().scene = first
    bpy.data.scenes.remove(second)


def second_blender(t):
    """Another Blender, without a window, works with the same folders at the same time."""
    script = SECOND.format(package=t.PACKAGE, python=t.TASK["python"], results=t.TASK["results"],
                           picture=t.TASK["picture"], model=t.TASK["model"])
    other = subprocess.Popen(
        [t.TASK["blender"], "-b", "--offline-mode", "--python-exit-code", "9", "--python-expr",
         script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    count = len(t.jobs())
    _start(t, orbit=4, steps=20)
    yield lambda: other.poll() is not None and t.ended(count + 1)()
    output = other.stdout.read()
    print(output, file=sys.stderr)
    t.report["second_blender"] = [other.returncode, "planes: 5" in output,
                                  t.jobs()[-1].state.value]
    t.report["result_folders"] = len({job.request.out for job in t.jobs()} | {
        str(path) for path in Path(t.TASK["results"]).glob("*-views-*")}) > len(t.jobs())


def cancelling(t):
    """The duration of a cancellation."""
    count = len(t.jobs())
    _start(t, orbit=8, steps=1000)
    yield lambda: t.jobs()[-1].done > 0
    start = time.monotonic()
    with t.in_view():
        bpy.ops.zero123.cancel_job()
    yield t.ended(count + 1)
    t.report["cancelled_after_s"] = time.monotonic() - start


def leaving(t):
    """Blender is closed during a job."""
    _start(t, orbit=8, steps=1000)
    yield lambda: t.jobs()[-1].done > 0
    t.report["left_running"] = t.runner().engine_pid


CHAPTERS = (scene_switch, second_blender, cancelling, leaving)
