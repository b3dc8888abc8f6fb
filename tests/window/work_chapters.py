# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: the checklist, sources of images, a queue, the history, the log.

`t` is the scenario's own namespace: its report and helpers.
"""

import shutil
import time
from pathlib import Path

import bpy


def measure_ticks(t):
    """Record the duration of each poll of the engine, except those that import a result. It is the
    thread's processor time, so that other programs do not count.
    """
    timer = t.module("operators.session").session.timer
    tick, import_finished = timer.tick, timer.import_finished
    ticks = t.report.setdefault("ticks_ms", [])
    with_import = t.report.setdefault("import_ticks_ms", [])
    imported = False

    def noting():
        nonlocal imported
        imported = import_finished()
        return imported

    def measured():
        start = time.thread_time()
        result = tick()
        (with_import if imported else ticks).append(1000 * (time.thread_time() - start))
        return result

    # Both are looked up by their names whenever they are called.
    timer.tick, timer.import_finished = measured, noting


def _scroll(t, operator):
    """Scroll the sidebar to its end."""
    with bpy.context.temp_override(window=t.window(), area=t.view_3d(), region=t.region('UI')):
        for _ in range(60):
            operator()


def checklist(t):
    """A missing part is shown with the button that fixes it, and is not shown afterwards."""
    preferences = bpy.context.preferences.addons[t.PACKAGE].preferences
    setup = bpy.types.ZERO123_PT_setup
    bpy.context.scene.zero123.model = "zero123-xl"
    preferences.engine_python = "/nonexistent/python"
    t.report["checklist_incomplete"] = setup.poll(bpy.context)
    t.view_3d().tag_redraw()
    yield 1.0
    t.screenshot("checklist")
    preferences.engine_python = t.TASK["python"]
    with t.in_view():
        bpy.ops.wm.context_set_string(data_path="scene.zero123.model", value="nano")
        bpy.ops.zero123.check_setup()
    found = t.module("operators.session").session.checklist
    yield lambda: not found.running
    t.report["device"] = found.facts.get("device")
    t.report["checklist_complete"] = not setup.poll(bpy.context)


def mesh_picture(t):
    """The image of a running reconstruction is shown in its box."""
    thumbnails = t.module("operators.session").session.thumbnails
    t.forget_jobs()
    with t.in_view():
        bpy.ops.zero123.reconstruct_mesh(filepath=t.TASK["picture"], model="nano",
                                         iterations=3000, view_count=8)
    job = t.jobs()[-1]
    yield lambda: job.image_count > 1 or job.state.ended
    _scroll(t, bpy.ops.view2d.scroll_down)
    yield 1.5
    t.report["job_picture_is_shown"] = thumbnails.icon(job.id) > 0
    t.screenshot("job with picture")
    with t.in_view():
        bpy.ops.zero123.cancel_job()
    yield t.ended(1)
    t.report["job_picture_after_cancel"] = thumbnails.icon(job.id)
    _scroll(t, bpy.ops.view2d.scroll_up)


def pictures(t):
    """A copied path, the 3D View and the last render become the input image."""
    t.forget_jobs()
    scene, found = bpy.context.scene, {}
    shutil.copy(t.TASK["picture"], Path(t.TASK["results"]) / "pasted.png")
    bpy.context.window_manager.clipboard = str(Path(t.TASK["results"]) / "pasted.png")
    with t.in_view():
        bpy.ops.object.select_all(action='SELECT')
        bpy.ops.object.delete()
        found["clipboard"] = bpy.ops.zero123.paste_picture() and scene.zero123.image.name
        bpy.ops.mesh.primitive_monkey_add()
        bpy.ops.view3d.view_selected()
    yield 1.0
    with t.in_view():
        bpy.ops.zero123.picture_from_viewport(size=256)
    image = scene.zero123.image
    alpha = list(image.pixels)[3::4]
    found["viewport"] = [*image.size, alpha[0], sum(alpha) / len(alpha)]
    t.view_3d().tag_redraw()
    yield 1.0
    t.screenshot("tab with viewport picture")
    t.report["pictures_from"] = found


def prepared_input(t):
    """The image is shown as the network will see it, also in the Image Editor's tab."""
    scene = bpy.context.scene
    scene.zero123.image = bpy.data.images.load(t.TASK["picture"], check_existing=True)
    scene.zero123.framing = 'fit'
    with t.in_view():
        bpy.ops.zero123.prepare_picture('INVOKE_DEFAULT')
    yield t.ended(1)
    yield 1.5
    thumbnails = t.module("operators.session").session.thumbnails
    t.report["prepared_is_shown"] = thumbnails.icon(t.jobs()[-1].id) > 0
    t.screenshot("tab with input")
    area = t.view_3d()
    area.ui_type = 'IMAGE_EDITOR'
    area.spaces.active.image = scene.zero123.image
    area.spaces.active.show_region_ui = True
    yield 0.3
    next(r for r in area.regions if r.type == 'UI').active_panel_category = "Zero123"
    area.tag_redraw()
    yield 1.5
    t.screenshot("image editor tab")
    area.ui_type = 'VIEW_3D'
    scene.zero123.framing = 'auto'
    yield 0.5


def queue(t):
    """Three images are queued; the status bar shows them and is empty afterwards."""
    settings = bpy.context.scene.zero123
    settings.model, settings.orbit, settings.steps = t.TASK["model"], 2, 40
    folder = Path(t.TASK["results"])
    names = ["red.png", "green.png", "blue.png"]
    for name in names:
        shutil.copy(t.TASK["picture"], folder / name)
    t.forget_jobs()
    with t.in_view():
        bpy.ops.zero123.queue_pictures(directory=str(folder),
                                       files=[{"name": name} for name in names])
    t.report["queued"] = [job.title for job in t.jobs()]
    yield lambda: t.jobs()[0].done > 0 or t.jobs()[0].state.ended
    yield 0.4
    t.screenshot("status bar working")
    yield t.ended(3)
    yield 1.0
    t.screenshot("status bar idle")
    t.report["queue_states"] = [job.state.value for job in t.jobs()]


def history(t):
    """The extension is disabled and enabled, as by a restart: the results are listed and
    imported.
    """
    package = t.module("operators").__name__.rpartition(".")[0]
    package = __import__(package, fromlist=["register"])
    package.unregister()
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    t.module("operators.session").session.history.entries = []
    package.register()
    entries = t.module("operators.session").session.history
    yield lambda: entries.entries
    report = t.report
    report["history"] = [[entry.kind, entry.title, entry.amount] for entry in entries.entries]
    t.region('UI').active_panel_category = "Zero123"
    yield 0.5
    _scroll(t, bpy.ops.view2d.scroll_down)
    yield 1.0
    sidebar = t.region('UI')
    t._mouse[:] = sidebar.x + 70, sidebar.y + 12
    t.window().event_simulate(type='MOUSEMOVE', value='NOTHING', x=t._mouse[0], y=t._mouse[1])
    yield 0.3
    t.press('LEFTMOUSE')
    yield 1.5  # until the opened panel is drawn, there is nothing to scroll to
    _scroll(t, bpy.ops.view2d.scroll_down)
    yield 1.5
    t.screenshot("history")
    with t.in_view():
        bpy.ops.zero123.import_result(filepath=str(entries.entries[0].result))
    report["objects_from_history"] = len(t.planes())


def log(t):
    """The log opens in a new window."""
    with (Path(t.TASK["results"]) / "engine.log").open("a") as file:
        file.write("".join(f"line {number}\n" for number in range(200)))
    with t.in_view():
        bpy.ops.zero123.open_log()
    yield 1.0
    windows = bpy.context.window_manager.windows
    t.report["windows_with_log"] = len(windows)
    t.report["log_area"] = windows[-1].screen.areas[0].type
    t.screenshot("log window")
    with bpy.context.temp_override(window=windows[-1]):
        bpy.ops.wm.window_close()
    yield 0.5


_alone = []


def show_alone(t, name, *panels):
    """Open copies of panels in a separate tab, where no scrolling is needed."""
    for panel in panels:
        copy = {key: getattr(panel, key) for key in (
            "bl_label", "bl_translation_context", "draw", "NAMES")
                if hasattr(panel, key)}
        _alone.append(type(f"{panel.__name__}_alone", (bpy.types.Panel,), {
            **copy, "bl_space_type": 'VIEW_3D', "bl_region_type": 'UI', "bl_category": name}))
        bpy.utils.register_class(_alone[-1])
    t.view_3d().tag_redraw()
    yield 0.5
    t.region('UI').active_panel_category = name
    t.view_3d().tag_redraw()
    yield 1.5


def close_tabs():
    """Remove these tabs."""
    while _alone:
        bpy.utils.unregister_class(_alone.pop())


def text(t):
    """The settings for an image from a text are in the tab."""
    bpy.context.scene.zero123.text.prompt = "a wooden chair"
    yield from show_alone(t, "Text", t.module("ui.panels").ZERO123_PT_text)
    t.screenshot("text")


def training(t):
    """The selected object is rendered and trained on; the job's box shows loss and sample, and
    the model is the next one to be used.
    """
    t.forget_jobs()
    folder = Path(t.TASK["results"]) / "models"
    bpy.context.preferences.addons[t.PACKAGE].preferences.model_folder = str(folder)
    settings = bpy.context.scene.zero123.train
    settings.model, settings.steps, settings.batch_size = t.TASK["model"], 60, 2
    settings.views, settings.samples, settings.preview_every = 3, 2, 10
    with t.in_view():
        bpy.ops.object.select_all(action='DESELECT')
        bpy.ops.mesh.primitive_monkey_add()
        bpy.ops.zero123.train_model('INVOKE_DEFAULT')
    job = t.jobs()[-1]
    yield lambda: (job.stage == "train" and job.image_count > 2) or job.state.ended
    yield from show_alone(t, "Jobs", t.module("ui.panels").ZERO123_PT_jobs)
    t.screenshot("training")
    yield t.ended(1)
    yield 1.0
    t.report["training"] = [job.state.value, job.error and job.error.message,
                            bpy.context.scene.zero123.model]
    yield from show_alone(t, "Training", *t.module("ui.training").CLASSES)
    t.screenshot("training panel")


def models(t):
    """The panel, the dialog in which a licence is read and accepted, and a running verification."""
    work = t.module("operators.session").session.model_work
    shelf = t.module("operators.session").session.models
    yield from show_alone(t, "Models", t.module("ui.models").ZERO123_PT_models)
    with t.in_view():
        bpy.ops.zero123.model_verify('INVOKE_DEFAULT', model="nano")
    t.report["verifying"] = work.running
    t.move_mouse()
    yield 0.3
    with t.in_view():
        bpy.ops.zero123.model_accept_licence('INVOKE_DEFAULT', model="stable-zero123")
    yield 1.0
    t.screenshot("licence")
    t.move_mouse()
    yield 0.3
    t.press('ESC')
    yield 1.0
    t.screenshot("models")
    yield lambda: not work.running
    t.report["verified"] = work.error is None
    t.report["models"] = {entry.name: entry.state.value for entry in shelf.entries}
    with t.in_view():
        t.report["download_offline"] = bpy.ops.zero123.model_download.poll()


CHAPTERS = (checklist, mesh_picture, pictures, prepared_input, queue, history, log, text,
            training, models)
