# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that need a window: the tab, F3, jobs in the background, undo, opening another file."""

from __future__ import annotations

import os
import time

import pytest


def test_scenario_runs_to_its_end(report):
    assert report["error"] is None, report["error"]
    assert report["chapters"] == [
        "install", "generate", "import_waits_for_object_mode", "cancel", "mesh_grows",
        "engine_dies", "survives_file_loading", "preferences_page", "installing",
        "checklist", "mesh_picture", "pictures", "prepared_input", "queue", "history", "log",
        "text", "training", "models", "picking", "comparing", "from_camera",
        "turning", "orbit", "newcomer",
        "scene_switch", "second_blender", "cancelling", "leaving"]


@pytest.mark.parametrize("name", ["tab before", "tab with picture", "tab working",
                                  "search generate views", "views in scene",
                                  "preferences", "preferences below",
                                  "installing", "installation failed",
                                  "installation log", "installed",
                                  "mesh grows", "mesh gone", "tab after engine died",
                                  "checklist", "job with picture", "tab with viewport picture",
                                  "tab with input", "image editor tab", "status bar working",
                                  "status bar idle", "history", "log window",
                                  "pick views", "compare on", "compare off", "view from camera",
                                  "contact sheet 1", "contact sheet 30",
                                  "orbit gizmo", "orbit gizmo dragged", "text",
                                  "training", "training panel", "licence", "models",
                                  "newcomer 1 picture", "newcomer 2 cut-out",
                                  "newcomer 3 views", "newcomer 4 pick", "newcomer 5 mesh",
                                  "newcomer 6 compare", "newcomer 7 opened again"])
def test_screenshot_is_not_empty(report, shows, name):
    assert shows(name)


def test_extension_registers_quickly(report):
    assert report["time_registering_ms"] < 20


def test_search_finds_an_operator_that_returns_at_once(report):
    assert report["found_by_search"] == ["views"]


def test_tab_costs_nothing_while_it_is_closed(report):
    assert report["timers_when_idle"] == 0
    assert report["engine_when_idle"] == "Not running"


def test_engine_starts_when_an_image_is_chosen(report):
    assert report["engine_with_picture"] == "Ready"


def test_timer_runs_only_while_there_is_work(report):
    assert report["timers_after_job"] == 0


def test_import_of_views_is_one_undo_step(report):
    assert (report["state"], report["planes"]) == ("Done", 8)
    assert report["objects_after_undo"] == 0
    assert report["jobs_after_undo"] == 1
    assert report["planes_after_redo"] == 8


def test_import_waits_for_object_mode(report):
    assert report["planes_in_edit_mode"] == 0
    assert report["planes_after_edit_mode"] == 2


def test_job_is_cancelled(report):
    assert report["state_on_cancel"] == "Cancelling"
    assert report["state_after_cancel"] == "Cancelled"


def test_preview_mesh_is_drawn_but_not_saved(report):
    assert report["growing"] == 1
    assert report["data_while_growing"] == [0, 0]
    assert report["growing_after_cancel"] == 0


def test_engine_that_died_is_reported_and_replaced(report):
    assert report["error_after_death"] == "engine-died"
    assert report["engine_after_death"] == "Failed"


def test_result_waits_for_its_file(report):
    assert report["planes_in_new_file"] == 0
    assert report["planes_imported_here"] == 3


def test_installation_succeeds_after_a_reported_failure(report):
    assert report["installing"], "the operator returns at once"
    assert "xatlas" in report["installation_failed"]
    assert report["installation_log"]
    assert report["installed"] == ["None", True, "cpu"]


def test_checklist_lists_what_is_missing(report):
    assert report["checklist_incomplete"]
    assert report["checklist_complete"]
    assert report["device"] in ("cpu", "cuda", "mps")


def test_job_box_shows_its_intermediate_image(report):
    assert report["job_picture_is_shown"]
    assert report["job_picture_after_cancel"] == 0


def test_input_image_from_clipboard_and_3d_view(report):
    """A path is copied, because Blender cannot paste images under X11; the view is cut out."""
    assert report["pictures_from"]["clipboard"] == "pasted.png"
    width, height, corner, mean = report["pictures_from"]["viewport"]
    assert (width, height, corner) == (256, 256, 0)
    assert 0.05 < mean < 0.9


def test_prepared_input_is_shown(report):
    assert report["prepared_is_shown"]


def test_queue_runs_one_image_after_the_other(report):
    assert report["queued"] == ["red", "green", "blue"]
    assert report["queue_states"] == ["Done"] * 3


def test_model_work_runs_in_the_background(report):
    assert report["verifying"], "the operator returns at once"
    assert report["verified"]
    assert report["models"]["nano"] == "here"
    assert report["models"]["stable-zero123"] == "not here"
    assert not report["download_offline"]


def test_history_survives_a_restart(report):
    names = [name for _, name, _ in report["history"]]
    assert sorted(names[:3]) == ["blue", "green", "red"]
    assert report["objects_from_history"] == 2


def test_log_opens_in_a_window(report):
    assert report["windows_with_log"] == 2
    assert report["log_area"] == "TEXT_EDITOR"


def test_training_uses_the_selected_object(report):
    assert report["training"] == ["Done", None, "Suzanne"]


def test_regenerated_view_shows_its_samples(report):
    assert (report["picked"], report["samples"]) == (6, [1, 4, 1, 1, 1, 1])
    assert report["objects_added_by_mending"] == 0
    assert report["thumbnails"]


def test_compare_restores_the_3d_view(report):
    assert report["mesh_of_picked"] == "Done"
    assert report["view_after_compare"]


def test_camera_view_is_placed_at_its_camera(report):
    assert report["camera_distance"] < 1e-4


def test_turntable_shows_the_current_frame(report):
    assert report["turned"] == [1, 30]


def test_orbit_gizmo_sets_the_single_view(report):
    assert abs(report["azimuth_after_drag"] - 120) < 5


def test_timer_tick_is_short(report, capsys):
    """Processor time is measured, so that other programs do not count."""
    ticks = sorted(report["ticks_ms"])
    middle, high = ticks[len(ticks) // 2], ticks[int(len(ticks) * 0.99)]
    with capsys.disabled():
        print(f"\n{len(ticks)} looks: median {middle:.2f} ms, 99th percentile {high:.2f} ms, "
              f"longest {ticks[-1]:.2f} ms; with an import "
              f"{max(report['import_ticks_ms']):.0f} ms at most")
    assert len(ticks) > 100
    assert high < 5


def test_dropped_photo_becomes_a_mesh(report):
    assert report["dropped"]
    assert report["cut_out"] == [True, True]
    assert report["newcomer_views"] == 8
    assert report["newcomer_picks"] == [7, 1]
    assert report["newcomer_mesh"] == ["Done", "MESH", True]


def test_saved_file_keeps_results(report):
    assert report["same_after_reload"]
    assert report["textures_shown"] == [True]
    assert report["imported_again"] == 1


def test_result_is_imported_into_its_scene(report):
    assert report["scene_switch"] == [True, 0]


def test_two_blenders_run_at_once(report):
    assert report["second_blender"] == [0, True, "Done"]
    assert report["result_folders"]


def test_engine_ends_with_blender(report):
    print(f"cancelled after {report['cancelled_after_s']:.2f} s")
    assert isinstance(report["left_running"], int)
    deadline = time.monotonic() + 5
    while alive(report["left_running"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(report["left_running"])


@pytest.mark.parametrize("name", ["stopped jobs", "discard asks", "stopped job discarded",
                                  "stopped job resumed", "stopped job done"])
def test_stopped_jobs_screenshot_is_not_empty(report_after_crash, shows, name):
    assert shows(name)


def test_jobs_of_a_killed_blender_are_listed(report_after_crash, picture):
    report = report_after_crash
    assert report["error"] is None, report["error"]
    assert report["chapters"] == ["found", "discarded", "resumed"]
    first, second = report["stopped"]
    assert first == [picture.stem, "Stopped"]
    assert second == [f"the same {picture.stem} by another name", "Stopped"]
    assert report["kept"] == [True, True]


def test_stopped_job_is_discarded_after_confirmation(report_after_crash):
    assert report_after_crash["before_confirming"] == 2
    assert report_after_crash["kept_of_discarded"] == [False, False]


def test_stopped_job_is_resumed(report_after_crash):
    """The last stopped job, which F3 resumes."""
    assert report_after_crash["resumed"] == ["Done", "MESH", False]
    assert not report_after_crash["kept_of_resumed"]


@pytest.mark.parametrize("number", range(1, 7))
def test_panels_are_drawn(report_of_panels, shows, number):
    assert report_of_panels["error"] is None, report_of_panels["error"]
    assert shows(f"english {number}")


@pytest.mark.parametrize("number", range(1, 7))
def test_panels_are_drawn_in_german(report_of_panels, shows, number):
    if not report_of_panels["languages"]:
        pytest.skip("needs a Blender with its translations")
    assert report_of_panels["german"] == {"samples": "Proben", "remesh": "Neu vernetzen"}
    assert shows(f"german {number}")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
