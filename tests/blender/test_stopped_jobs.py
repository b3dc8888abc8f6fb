# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs whose Blender has ended before them are found by the next Blender and can be resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

OLD_S = 7200.0


@pytest.fixture
def results(bpy, scene, extension, tmp_path):
    """An empty results folder."""
    def preferences():  # no reference is kept, because a test disables and enables the extension
        return bpy.context.preferences.addons[extension().__name__].preferences

    before = preferences().results_folder
    preferences().results_folder = str(tmp_path / "results")
    yield tmp_path / "results"
    extension("operators.session").session.job_store.close()
    preferences().results_folder = before


@pytest.fixture
def runner(extension):
    return extension("operators.session").session.runner


@pytest.fixture
def next_session(bpy, extension, runner):
    """Ends this session like a crash and starts the next one: the memory is lost and the lock
    released. Returns the jobs that the next session finds.
    """
    def begin():
        store = extension("operators.session").session.job_store
        for folder in store._folders.values():
            folder.lock.close()
        store._folders.clear()
        store._read.clear()
        runner.jobs.clear()
        bpy.ops.zero123.refresh_history()
        return list(runner.jobs)
    return begin


@pytest.fixture
def recorded(bpy, extension, runner, results):
    """Records a job that never starts, in a separate folder. Returns the job."""
    jobs, requests = extension("operators.session.jobs"), extension("engine.core.requests")
    addon = extension("operators.session.preferences")
    store = extension("operators.session").session.job_store

    def make(request, number="1", title="cup"):
        folder = addon.new_job_folder(bpy.context, request.KIND, title)
        request = request(image="cup.png", out=str(folder))
        job = jobs.Job(number, request, title)
        runner.jobs.add(job)
        store.save(bpy.context, job)
        assert requests.REQUESTS[job.kind] is type(request)
        return job
    return make


@pytest.fixture
def requests(extension):
    return extension("engine.core.requests")


@pytest.mark.needs_engine
def test_resume_job_continues_in_the_next_session(
        bpy, scene, extension, results, runner, next_session, picture):
    """Blender and its engine are killed during the fit; the mesh gets its place and import
    options.
    """
    launch = extension("operators.session.launch")
    addon = extension("operators.session.preferences")
    place = extension("operators.scene").Place((2.0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1))
    options = extension("operators.scene").ImportOptions(remesh='DECIMATE', remesh_faces=100)
    folder = addon.new_job_folder(bpy.context, "reconstruct", "ball")
    request = extension("engine.core.requests").ReconstructRequest(
        image=str(picture), out=str(folder), model="nano", steps=1, view_count=4, resolution=32,
        iterations=400, faces=300, texture_size=64, device="cpu")
    launch.start_engine(bpy.context)
    job = runner.submit(request, "ball", scene.session_uid, place=place, options=options)
    extension("operators.session").session.job_store.save(bpy.context, job)
    while job.stage != "fit":
        runner.poll()
        assert not job.state.ended, job.error
        time.sleep(0.01)
    os.kill(runner.engine_pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    stopped, = next_session()
    assert (stopped.state.value, stopped.title, stopped.kind) == ("Stopped", "ball", "reconstruct")
    assert (stopped.request, stopped.place, stopped.options) == (request, place, options)
    runner.stop_engine()
    assert bpy.ops.zero123.resume_job(job=stopped.id) == {'FINISHED'}
    again, = runner.jobs
    assert again.state.value == "Done"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "sample" not in [stage["name"] for stage in report["stages"]], "the views were kept"
    mesh, = (item for item in bpy.data.objects if item.type == 'MESH')
    assert mesh.matrix_world.translation.x == pytest.approx(5)
    assert len(mesh.data.polygons) <= 110
    assert next_session() == []


def test_job_store_keeps_the_order_of_starts(recorded, requests, next_session):
    for start, number in enumerate("213"):
        os.utime(recorded(requests.ReconstructRequest, number).record, (start, start))
    assert [job.id for job in next_session()] == ["2", "1", "3"]
    assert [job.id for job in next_session()] == ["2", "1", "3"]


def test_job_store_survives_disabling_the_add_on(
        extension, runner, recorded, requests, next_session):
    job = recorded(requests.ReconstructRequest)
    package = extension()
    package.unregister()
    package.register()
    assert [found.id for found in next_session()] == [job.id]


def test_discard_job_reads_the_records_itself(
        bpy, extension, runner, recorded, requests, results, next_session):
    """Without a window the records are not read before the operator runs; its poll does not read
    them.
    """
    job = recorded(requests.ReconstructRequest)
    extension("operators.session").session.job_store.close()
    runner.jobs.clear()
    before = sorted(results.rglob("*"))
    for _ in range(2):
        assert bpy.ops.zero123.discard_job.poll() and bpy.ops.zero123.resume_job.poll()
    assert list(runner.jobs) == [] and sorted(results.rglob("*")) == before
    assert bpy.ops.zero123.discard_job(job=job.id) == {'FINISHED'}
    assert not Path(job.request.out).exists()
    assert not bpy.ops.zero123.resume_job.poll()


def test_resume_job_reports_that_there_is_none(bpy, results):
    with pytest.raises(RuntimeError, match="cannot be resumed"):
        bpy.ops.zero123.resume_job()
    assert not bpy.ops.zero123.resume_job.poll()


def test_job_store_leaves_jobs_of_a_running_blender(
        bpy, extension, runner, recorded, requests, results, next_session, project_root):
    job = recorded(requests.ReconstructRequest)
    other, = (results / ".jobs").glob("*/")
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(other) + ".lock"], cwd=project_root,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    folder, = extension("operators.session").session.job_store._folders.values()
    folder.lock.close()
    assert holder.stdout.readline() == b"held\n"
    _make_old(Path(job.request.out))
    assert next_session() == []
    assert job.record.is_file()
    assert Path(job.request.out).is_dir()
    holder.kill()
    holder.wait()
    assert [found.id for found in next_session()] == [job.id]


_HOLD = """
import sys
from pathlib import Path
from engine.core.locks import locked_file
with locked_file(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(("code", "kept", "stays"), [
    (None, True, True), (None, False, False), ("OUT_OF_MEMORY", True, True),
    ("BAD_INPUT", False, False), ("MODEL_MISSING", False, False), ("ENGINE_DIED", False, True)])
def test_job_store_offers_jobs_with_intermediate_results(
        extension, runner, recorded, requests, next_session, code, kept, stays):
    protocol, resuming = extension("engine.core.protocol"), extension("engine.core.resume")
    job = recorded(requests.ReconstructRequest)
    if kept:
        resuming.work_folder(job.request).mkdir()
    job.apply(protocol.Failed(job.id, protocol.ErrorCode[code], "it failed", "") if code
              else protocol.Cancelled(job.id))
    assert job.can_resume
    assert [found.id for found in next_session()] == [job.id] * stays


def test_job_store_forgets_finished_jobs(extension, runner, recorded, requests, next_session):
    """Also if Blender was killed before it received the report."""
    heard, unheard = (recorded(requests.ReconstructRequest, number) for number in "12")
    heard.apply(extension("engine.core.protocol").Done(heard.id, {}))
    requests.save_request(unheard.request, Path(unheard.request.out))
    assert next_session() == []


def keep_something(extension, job):
    """Write intermediate results as a running job does."""
    resuming = extension("engine.core.resume")
    work = resuming.work_folder(job.request)
    work.mkdir()
    (work / resuming.NOTE).write_text("0")
    (work / "fit.pt").write_bytes(b"0")
    return work


def test_discard_job_removes_a_stopped_job(
        bpy, extension, runner, recorded, requests, results, next_session):
    """Its intermediate results are removed; an earlier result at the same place is kept."""
    jobs = [recorded(requests.ReconstructRequest, number) for number in "123"]
    work = [keep_something(extension, job) for job in jobs]
    for job in jobs:
        Path(job.request.out, "picture.png").write_bytes(b"0")
    Path(jobs[1].request.out, requests.REQUEST_FILE).write_text("{}")
    os.utime(Path(jobs[1].request.out, requests.REQUEST_FILE), (0, 0))
    assert [job.id for job in next_session()] == ["1", "2", "3"]
    for job in jobs[:2]:
        bpy.ops.zero123.discard_job(job=job.id)
    assert [job.id for job in next_session()] == ["3"]
    assert not bpy.ops.zero123.clear_jobs.poll()
    assert [folder.exists() for folder in work] == [False, False, True]
    assert [Path(job.request.out).exists() for job in jobs] == [False, True, True]
    bpy.ops.zero123.discard_job()
    assert not work[2].exists() and not list(runner.jobs)
    assert not bpy.ops.zero123.discard_job.poll()


def test_clear_jobs_keeps_resumable_jobs(bpy, extension, runner, recorded, requests, next_session):
    """Both a job that was stopped in this session and one that failed."""
    protocol = extension("engine.core.protocol")
    done, views, early, cancelled, failed, running = (
        recorded(requests.ViewsRequest if number in "12" else requests.ReconstructRequest, number)
        for number in "123456")
    work = [keep_something(extension, job) for job in (cancelled, failed)]
    done.apply(protocol.Done(done.id, {}))
    done.import_pending = False
    for job in (views, early, cancelled):
        job.apply(protocol.Cancelled(job.id))
    failed.apply(protocol.Failed(failed.id, "out-of-memory", "memory ran out", ""))
    bpy.ops.zero123.clear_jobs()
    assert list(runner.jobs) == [cancelled, failed, running]
    assert all(folder.exists() for folder in work)
    assert [job.id for job in next_session()] == ["4", "5", "6"]


def test_job_list_keeps_resumable_jobs(extension, runner, recorded, requests, next_session):
    jobs, protocol = extension("operators.session.jobs"), extension("engine.core.protocol")
    stopped = recorded(requests.ReconstructRequest)
    keep_something(extension, stopped)
    stopped.apply(protocol.Cancelled(stopped.id))
    for number in range(jobs.MAX_ENDED + 5):
        job = jobs.Job(f"more {number}", requests.ViewsRequest(out=str(number)), "cup")
        runner.jobs.add(job)
        job.apply(protocol.Cancelled(job.id))
    assert runner.jobs.get(stopped.id) is stopped
    assert len(runner.jobs) <= jobs.MAX_ENDED + 2


def test_job_store_removes_empty_folders(
        bpy, extension, runner, recorded, requests, results, next_session):
    addon = extension("operators.session.preferences")
    killed = recorded(requests.ViewsRequest, "1")
    mesh = recorded(requests.ReconstructRequest, "2")
    nobodys = addon.new_job_folder(bpy.context, "views", "old")
    starting = addon.new_job_folder(bpy.context, "views", "new")
    full = addon.new_job_folder(bpy.context, "views", "full")
    (full / "picture.png").write_bytes(b"0")
    mine = results / "mine"
    mine.mkdir()
    for folder in (nobodys, full, mine, Path(mesh.request.out)):
        _make_old(folder)
    assert [job.id for job in next_session()] == ["2"]
    assert set(results.glob("[!.]*")) == {starting, full, mine, Path(mesh.request.out)}
    assert not Path(killed.request.out).exists()


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"schema": "zero123.job/2"}', b"\xff"])
def test_job_store_removes_unreadable_records(
        extension, recorded, requests, next_session, damage, results):
    recorded(requests.ReconstructRequest).record.write_bytes(damage)
    assert next_session() == []
    assert not list((results / ".jobs").rglob("*.json"))


def _make_old(folder):
    past = time.time() - OLD_S
    os.utime(folder, (past, past))
