# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's result belongs to the .blend file from which the job was started."""

from __future__ import annotations

import pytest
from results import ring, write_views


@pytest.fixture
def session(extension):
    return extension("operators.session").session


@pytest.fixture
def started(bpy, scene, session):
    """The open file, as recorded for a job that starts."""
    bpy.ops.wm.read_homefile(use_empty=True, load_ui=False)
    return session.open_file.current


def new_file(bpy):
    bpy.ops.wm.read_homefile(use_empty=True, load_ui=False)


def open_file(bpy, path):
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)


def test_file_stays_open_when_it_is_saved(bpy, session, started, tmp_path):
    assert session.open_file.is_open(started)
    for name in ("a.blend", "b.blend"):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / name))
        assert session.open_file.is_open(started)


def test_new_file_is_another_file(bpy, session, started):
    new_file(bpy)
    assert not session.open_file.is_open(started)


def test_revert_gives_the_same_file(bpy, session, started, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.revert_mainfile()
    assert session.open_file.is_open(started)


def test_reopened_file_is_the_one_saved_last(bpy, session, started, tmp_path):
    first, second = tmp_path / "a.blend", tmp_path / "b.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(first))
    bpy.ops.wm.save_as_mainfile(filepath=str(second))
    new_file(bpy)
    open_file(bpy, first)
    assert not session.open_file.is_open(started)
    open_file(bpy, second)
    assert session.open_file.is_open(started)


def test_saved_copy_is_another_file(bpy, session, started, tmp_path):
    copy = tmp_path / "copy.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True)
    open_file(bpy, copy)
    assert not session.open_file.is_open(started)


def test_overwritten_file_is_never_open_again(bpy, session, started, tmp_path):
    path = tmp_path / "a.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    new_file(bpy)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    assert not session.open_file.is_open(started)
    open_file(bpy, path)
    assert not session.open_file.is_open(started)


@pytest.fixture
def finished(bpy, extension, session, started, picture, tmp_path):
    """A finished job of four views whose result waits for its file."""
    jobs, requests = extension("operators.session.jobs"), extension("engine.core.requests")
    place = extension("operators.scene").Place(
        (1.0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1), "Zero123 ball")
    folder = tmp_path / "out"
    write_views(folder, picture, ring(4))
    request = requests.ViewsRequest(image=str(picture), out=str(folder))
    job = jobs.Job("1", request, "ball", bpy.context.scene.session_uid, file=started,
                   place=place, state=jobs.JobState.DONE, import_pending=True)
    session.jobs.add(job)
    yield job
    session.jobs.forget(job)


def test_session_does_not_wait_for_another_file(bpy, session, finished):
    assert session.busy
    new_file(bpy)
    assert finished.import_pending and not session.busy


def test_import_here_ignores_the_place(bpy, session, finished):
    new_file(bpy)
    assert bpy.ops.zero123.import_result(job=finished.id) == {'FINISHED'}
    assert not finished.import_pending
    cameras = [item for item in bpy.data.objects if item.type == 'CAMERA']
    assert len(cameras) == 5  # with the input image's
    assert max(abs(camera.matrix_world.translation.x) for camera in cameras) < 3


def test_reopened_file_finds_its_scene_by_name(bpy, session, finished, tmp_path):
    finished.place, finished.scene_name = None, bpy.context.scene.name
    bpy.data.scenes.new("Other")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    new_file(bpy)
    open_file(bpy, tmp_path / "a.blend")
    assert bpy.ops.zero123.import_result(job=finished.id) == {'FINISHED'}
    assert bpy.data.scenes[finished.scene_name].objects
    assert not bpy.data.scenes["Other"].objects
