# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a window shows: the tab, F3, work in the background, undo, a file opened meanwhile."""

from __future__ import annotations

import pytest


def test_the_story_is_told_to_its_end(report):
    assert report["error"] is None, report["error"]
    assert report["chapters"] == [
        "install", "generate", "import_waits_for_object_mode", "cancel", "mesh_grows",
        "engine_dies", "survives_file_loading", "pictures", "prepared_input", "queue", "history",
        "log"]


@pytest.mark.parametrize("name", ["tab before", "tab with picture", "tab working",
                                  "search generate views", "views in scene",
                                  "mesh grows", "mesh gone", "tab after engine died"])
def test_there_is_something_to_see(shows, name):
    assert shows(name)


def test_the_extension_is_switched_on_quickly(report):
    assert report["time_registering_ms"] < 20


def test_search_finds_the_operator_and_it_returns_at_once(report):
    assert report["found_by_search"] == ["views"]


def test_the_timer_lives_only_while_there_is_work(report):
    assert not report["timer_when_idle"]
    assert not report["timer_after_job"]


def test_views_arrive_in_one_undo_step(report):
    assert (report["state"], report["planes"]) == ("Done", 8)
    assert report["objects_after_undo"] == 0
    assert report["jobs_after_undo"] == 1
    assert report["planes_after_redo"] == 8


def test_an_import_waits_for_object_mode(report):
    assert report["planes_in_edit_mode"] == 0
    assert report["planes_after_edit_mode"] == 2


def test_a_job_can_be_cancelled(report):
    assert report["state_on_cancel"] == "Cancelling"
    assert report["state_after_cancel"] == "Cancelled"


def test_a_mesh_is_seen_while_it_grows_and_is_in_no_file(report):
    assert report["growing"] == 1
    assert report["data_while_growing"] == [0, 0]
    assert report["growing_after_cancel"] == 0


def test_a_dead_engine_is_told_and_replaced(report):
    assert report["error_after_death"] == "engine-died"
    assert report["engine_after_death"] == "Failed"


def test_a_job_survives_the_opening_of_another_file(report):
    assert report["planes_in_new_file"] == 3
