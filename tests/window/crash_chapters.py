# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: Blender is killed during a job, and the next one finds its jobs.

`t` is the scenario's own namespace: its report and helpers.
"""

import json
import os
import shutil
import signal
from pathlib import Path

import bpy


def crash(t):
    """Two meshes are stopped during the fit: one by the user, one by the end of its Blender."""
    t.switch_on()
    long = Path(t.TASK["results"]) / f"the same {Path(t.TASK['picture']).stem} by another name.png"
    long.parent.mkdir()
    shutil.copy(t.TASK["picture"], long)
    for picture, stop in ((t.TASK["picture"], _cancel), (str(long), _kill)):
        with t.in_view():
            bpy.ops.zero123.reconstruct_mesh(filepath=picture, model="nano",
                                             view_count=8, iterations=300, resolution=32)
        job = t.jobs()[-1]
        yield lambda job=job: job.state.ended or (job.stage == "fit" and job.done > 0)
        if job.state.ended:
            raise RuntimeError(f"not to be stopped: {job.state}, {job.error}")
        yield from stop(t)


def _cancel(t):
    with t.in_view():
        bpy.ops.zero123.cancel_job()
    yield t.ended(1)


def _kill(t):
    yield 0.5
    os.kill(os.getpid(), signal.SIGKILL)


def found(t):
    """Both are listed as stopped, in their order, without a user action."""
    t.switch_on()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    yield t.jobs
    yield from t.open_tab()
    t.view_chapters.scroll_to(t, 60)
    yield 1.5
    t.report["stopped"] = [[job.title, job.state.value] for job in t.jobs()]
    t.report["kept"] = [_kept(t, job) for job in t.jobs()]
    t.screenshot("stopped jobs")


def discarded(t):
    """One is discarded after a confirmation; its row and its intermediate results are gone."""
    job = t.jobs()[0]
    t.move_mouse()
    yield 0.3
    with t.in_view():
        bpy.ops.zero123.discard_job('INVOKE_DEFAULT', job=job.id)
    yield 1.0
    t.screenshot("discard asks")
    t.report["before_confirming"] = len(t.jobs())
    t.press('RET')
    yield lambda: len(t.jobs()) == 1
    t.report["kept_of_discarded"] = [_kept(t, job), Path(job.request.out).exists()]
    t.view_3d().tag_redraw()
    yield 1.0
    t.screenshot("stopped job discarded")


def resumed(t):
    """F3 resumes the other one, which ends without sampling again."""
    yield from t.search("resume job")
    yield lambda: not t.jobs()[-1].state.ended
    yield 0.5
    t.screenshot("stopped job resumed")
    yield t.ended(1)
    yield 1.0
    job, = t.jobs()
    report = json.loads((Path(job.request.out) / "report.json").read_text())
    t.report["resumed"] = [job.state.value, bpy.context.view_layer.objects.active.type,
                           "sample" in {stage["name"] for stage in report["stages"]}]
    t.report["kept_of_resumed"] = _kept(t, job)
    t.screenshot("stopped job done")


def _kept(t, job):
    """Whether intermediate results of a job are on the disk."""
    return t.module("engine.core.resume").work_folder(job.request).is_dir()


AFTERWARDS = (found, discarded, resumed)
