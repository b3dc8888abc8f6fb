# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a Blender with a window: uses the extension as a user does, and writes a report.

A chapter is a generator; a timer advances it, and each `yield` waits: for a number of seconds, or
until a function returns something true. Started by conftest.py with the task as JSON after `--`.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import crash_chapters
import newcomer_chapters
import panel_chapters
import setup_chapters
import survival_chapters
import view_chapters
import work_chapters

TASK = json.loads(sys.argv[sys.argv.index("--") + 1])
PACKAGE = "bl_ext.user_default.zero123"
PATIENCE_S = 600.0
report = {"chapters": [], "error": None, "time_registering_ms": None}
_mouse = [0, 0]
_start = time.monotonic()


def module(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


def runner():
    return module("operators.session").session.runner


def jobs():
    return list(runner().jobs)


def forget_jobs():
    """Remove all ended jobs, including resumable ones."""
    for job in jobs():
        if job.state.ended:
            runner().jobs.forget(job)


def window():
    return bpy.context.window_manager.windows[0]


def view_3d():
    return next(area for area in window().screen.areas if area.type == 'VIEW_3D')


def region(kind):
    return next(region for region in view_3d().regions if region.type == kind)


def in_view():
    """The context of a user whose mouse pointer is over the 3D View."""
    return bpy.context.temp_override(window=window(), area=view_3d(), region=region('WINDOW'))


def planes():
    return [item for item in bpy.context.scene.objects if item.name.startswith("View")
            and item.type == 'EMPTY']


def screenshot(name):
    path = Path(TASK["pictures"]) / f"{name}.png"
    print(f"{time.monotonic() - _start:5.1f} s: {name}", flush=True)
    subprocess.run(f"xwd -root -silent | convert xwd:- '{path}'", shell=True, check=True)


def move_mouse():
    view = region('WINDOW')
    _mouse[:] = view.x + view.width // 2, view.y + view.height // 2
    window().event_simulate(type='MOUSEMOVE', value='NOTHING', x=_mouse[0], y=_mouse[1])


def press(key, **modifiers):
    for value in ('PRESS', 'RELEASE'):
        unicode = modifiers if value == 'PRESS' else {k: v for k, v in modifiers.items()
                                                      if k != "unicode"}
        window().event_simulate(type=key, value=value, x=_mouse[0], y=_mouse[1], **unicode)


def type_text(text):
    for letter in text:
        press('SPACE' if letter == " " else letter.upper(), unicode=letter)
        yield 0.05


def search(text):
    """F3, the text, return: runs the operator that the search finds first."""
    move_mouse()
    yield 0.3
    press('F3')
    yield 1.0
    yield from type_text(text)
    yield 1.0
    screenshot(f"search {text}")
    press('RET')
    yield 0.5


def timers():
    """The number of the extension's timers that are registered."""
    return module("operators.session").session.timer.pending


def ended(count):
    """Whether the list contains this number of jobs, and all have ended and are imported."""
    return lambda: len(jobs()) == count and not module("operators.session").session.busy


def switch_on():
    """Install the extension as a user does, and set the engine's Python and the results folder."""
    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=TASK["archive"], enable_on_install=True, overwrite=True)
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.engine_python = TASK["python"]
    preferences.results_folder = TASK["results"]


def open_tab():
    """Open the sidebar with the tab."""
    view_3d().spaces.active.show_region_ui = True
    yield 0.3
    region('UI').active_panel_category = "Zero123"
    view_3d().tag_redraw()
    yield 1.0


def install():
    """The extension is installed, is enabled quickly and does nothing by itself."""
    switch_on()
    package = importlib.import_module(PACKAGE)
    package.unregister()
    start = time.thread_time()  # other programs may run
    package.register()
    report["time_registering_ms"] = 1000 * (time.thread_time() - start)
    work_chapters.measure_ticks(TOOLS)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    with in_view():
        bpy.ops.ed.undo_push(message="Without Cube")
    yield 0.2
    yield from open_tab()
    screenshot("tab before")
    report["timers_when_idle"] = timers()
    report["engine_when_idle"] = runner().engine_state


def generate():
    """Choose an image, start Generate Views by F3, and see that the planes are imported in one
    step.
    """
    settings = bpy.context.scene.zero123
    settings.image = bpy.data.images.load(TASK["picture"])
    settings.model = TASK["model"]
    settings.orbit = 8
    before = len(bpy.data.objects)
    view_3d().tag_redraw()  # setting a value in a script does not
    yield 1.0
    yield lambda: runner().engine_state != "Starting"
    report["engine_with_picture"] = runner().engine_state
    screenshot("tab with picture")
    yield from search("generate views")
    report["found_by_search"] = [job.kind for job in jobs()]
    yield lambda: jobs() and (jobs()[-1].done > 0 or jobs()[-1].state.ended)
    yield 0.3
    screenshot("tab working")
    yield ended(1)
    yield 1.0
    report["planes"] = len(planes())
    report["state"] = jobs()[-1].state.value
    with in_view():
        bpy.ops.view3d.view_selected()
    yield 1.0
    screenshot("views in scene")
    move_mouse()
    press('Z', ctrl=True)
    yield 0.5
    report["objects_after_undo"] = len(bpy.data.objects) - before
    report["jobs_after_undo"] = len(jobs())
    press('Z', ctrl=True, shift=True)
    yield 0.5
    report["planes_after_redo"] = len(planes())
    report["timers_after_job"] = timers()


def import_waits_for_object_mode():
    """A job that ends in Edit Mode is imported when that mode is left."""
    with in_view():
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.object.mode_set(mode='EDIT')
        bpy.ops.zero123.generate_views('INVOKE_DEFAULT', orbit=2)
    count = len(planes())
    yield lambda: jobs()[-1].import_pending
    yield 1.0
    screenshot("tab in edit mode")
    report["planes_in_edit_mode"] = len(planes()) - count
    with in_view():
        bpy.ops.object.mode_set(mode='OBJECT')
    yield ended(2)
    report["planes_after_edit_mode"] = len(planes()) - count
    with in_view():
        bpy.ops.object.delete()


def cancel():
    """Cancel a running job."""
    with in_view():
        bpy.ops.zero123.generate_views('INVOKE_DEFAULT', orbit=8, steps=1000)
    yield lambda: jobs()[-1].done > 0
    with in_view():
        bpy.ops.zero123.cancel_job()
    report["state_on_cancel"] = jobs()[-1].state.value
    yield ended(3)
    report["state_after_cancel"] = jobs()[-1].state.value


def mesh_grows():
    """A running reconstruction is shown in the 3D View and leaves nothing there when it is
    stopped.
    """
    growing = module("operators.session").session.preview_meshes
    bpy.data.objects.remove(bpy.data.objects["Cube"])  # it would hide the growing mesh inside
    before = len(bpy.data.objects), len(bpy.data.meshes)
    with in_view():
        for item in planes():
            item.hide_set(True)
        bpy.ops.zero123.reconstruct_mesh('INVOKE_DEFAULT', model="nano", iterations=3000,
                                         view_count=8)
        bpy.ops.view3d.view_axis(type='FRONT')
    yield lambda: growing.shown or jobs()[-1].state.ended
    report["growing"] = len(growing.shown)
    yield 1.0
    screenshot("mesh grows")
    report["data_while_growing"] = [len(bpy.data.objects) - before[0],
                                    len(bpy.data.meshes) - before[1]]
    with in_view():
        bpy.ops.zero123.cancel_job()
    yield ended(4)
    yield 0.5
    report["growing_after_cancel"] = len(growing.shown)
    screenshot("mesh gone")
    with in_view():
        for item in planes():
            item.hide_set(False)


def engine_dies():
    """The engine is killed during a job: the job reports that, and a new engine starts."""
    with in_view():
        bpy.ops.zero123.generate_views('INVOKE_DEFAULT', orbit=8, steps=1000)
    yield lambda: jobs()[-1].done > 0
    os.kill(runner().engine_pid, signal.SIGKILL)
    yield ended(5)
    yield 0.5
    screenshot("tab after engine died")
    report["error_after_death"] = jobs()[-1].error.code.value
    report["engine_after_death"] = runner().engine_state
    with in_view():
        bpy.ops.zero123.engine_start()
    yield lambda: runner().engine_state == "Ready"


def survives_file_loading():
    """A job continues while another file is opened, and is imported there only on demand."""
    image = TASK["picture"]
    with in_view():
        bpy.ops.zero123.generate_views(filepath=image, model=TASK["model"], orbit=3, steps=20)
        bpy.ops.wm.read_homefile(use_empty=True, load_ui=False)
    yield ended(6)
    report["planes_in_new_file"] = len(planes())
    yield 0.5
    screenshot("import here")
    with in_view():
        bpy.ops.zero123.import_result(job=jobs()[-1].id)
    report["planes_imported_here"] = len(planes())


TOOLS = SimpleNamespace(**globals())
CHAPTERS = (install, generate, import_waits_for_object_mode, cancel, mesh_grows, engine_dies,
            survives_file_loading)
OTHERS = (*setup_chapters.CHAPTERS, *work_chapters.CHAPTERS, *view_chapters.CHAPTERS,
          newcomer_chapters.newcomer, *survival_chapters.CHAPTERS)
STORIES = {"whole": (CHAPTERS, OTHERS), "crash": ((), (crash_chapters.crash,)),
           "after_crash": ((), crash_chapters.AFTERWARDS),
           "panels": ((), panel_chapters.CHAPTERS)}


def story(name):
    """All chapters of a story."""
    own, others = STORIES[name]
    for chapter in own:
        yield from chapter()
        report["chapters"].append(chapter.__name__)
    for chapter in others:
        yield from chapter(TOOLS)
        report["chapters"].append(chapter.__name__)


def play(steps):
    """A timer function that advances the story and, at its end, writes the report and quits."""
    waiting = None

    def tick():
        nonlocal waiting
        try:
            if waiting is not None:
                condition, deadline = waiting
                if not condition():
                    if time.monotonic() > deadline:
                        screenshot("stuck")
                        raise TimeoutError(f"waited in vain: {report['chapters']}")
                    return 0.02
                waiting = None
            step = next(steps)
            if callable(step):
                waiting = (step, time.monotonic() + PATIENCE_S)
                return 0.02
            return step
        except StopIteration:
            pass
        except BaseException:
            report["error"] = traceback.format_exc()
        Path(TASK["report"]).write_text(json.dumps(report))
        bpy.ops.wm.quit_blender()
        return None

    return tick


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(play(story(TASK["story"])), first_interval=0.5, persistent=True)
