# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of jobs in one Blender: neither it nor its engine grows. For `nox -s soak`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from blender_process import BlenderProcess
from footprint import JOBS, Footprint, jobs_to_warm_up
from kinds import Make
from rounds import SOAK

pytestmark = [
    pytest.mark.skipif(not SOAK, reason="the long session does this"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.skipif(find_spec("bpy") is None, reason="needs Blender as a module")]
KINDS_IN_TURN = "views", "segment", "prepare", "views", "segment", "text"
RESULTS = {"views": 6, "segment": 0, "prepare": 0, "text": 0}
"""Number of objects that a result adds to the scene: planes and cameras, including the input's."""


def test_hundreds_of_jobs_in_blender_leak_nothing(
        archive: Path, make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warm = jobs_to_warm_up(len(KINDS_IN_TURN))
    trail: list[tuple[Footprint, Footprint]] = []
    with BlenderProcess(archive, tmp_path / "user", tmp_path / "results") as blender:
        blender.order("tidy")  # the objects of Blender's default scene
        for number in range(JOBS):
            kind = KINDS_IN_TURN[number % len(KINDS_IN_TURN)]
            job = blender.start(make(kind, tmp_path / "results"))
            assert blender.wait(job) == [("Done", None)]
            assert blender.order("tidy") == RESULTS[kind]
            trail.append((Footprint.of(blender.pid), Footprint.of(blender.engine or 0)))
    with capsys.disabled():
        for count in range(warm, JOBS + 1, max((JOBS - warm) // 8, 1)):
            print(f"\n{count} jobs: Blender {trail[count - 1][0]}, engine {trail[count - 1][1]}")
    for first, last in zip(trail[warm - 1], trail[-1], strict=True):
        first.check_growth(last)
