# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender or its engine is killed while a job runs: no finished work is lost."""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from blender_process import BlenderProcess
from helpers.processes import is_alive
from kinds import ALL, Make, made
from rounds import GONE_S, HELPERS_GONE_S, LATEST_S, SOAK, rounds

from engine.core.errors import ErrorCode
from engine.core.requests import ReconstructRequest

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.skipif(find_spec("bpy") is None, reason="needs Blender as a module")]
KINDS = ALL if SOAK else ("render", "segment", "views")
"""Slow cases run only in the long session."""
OWN_FOLDER = re.compile(r"\d{8}-\d{6}-(\w+-.+)-\w{8}(?=/)")
"""The name of a job's folder in the results folder, which differs each time."""
DONE = ("Done", None)

Start = Callable[[], BlenderProcess]


@pytest.fixture
def start(archive: Path, tmp_path: Path) -> Start:
    """Starts the Blender of one user repeatedly."""
    return lambda: BlenderProcess(archive, tmp_path / "user", tmp_path / "results")


def results(folder: Path) -> set[tuple[str, bytes]]:
    """Names and contents of the files under their final names."""
    return {(OWN_FOLDER.sub(r"\1", name), data) for name, data in made(folder).items()}


def check_all_gone(family: list[psutil.Process]) -> None:
    """Check that all processes end. `GONE_S` is processor time here: loading a library cannot be
    interrupted, and other programs slow it down.
    """
    before = {process: seconds_of_work(process) for process in family}
    deadline = time.monotonic() + HELPERS_GONE_S
    for process in family:
        while is_alive(process.pid):
            assert seconds_of_work(process) - before[process] < GONE_S, f"an orphan: {process}"
            assert time.monotonic() < deadline, f"an orphan: {process}"
            time.sleep(0.005)


def seconds_of_work(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:2])
    except psutil.Error:  # the process has ended
        return 0.0


def test_killed_blender_keeps_finished_results(start: Start, make: Make, tmp_path: Path) -> None:
    """Finished results remain; the next Blender does the next job; unfinished results are not
    shown.
    """
    chance = random.Random(2)
    place = tmp_path / "results"
    kept: dict[str, set[tuple[str, bytes]]] = {}
    for number in range(rounds(len(KINDS), 60)):
        kind = KINDS[number % len(KINDS)]
        blender = start()
        done = blender.start(make(kind, place))
        assert blender.wait(done) == [DONE]
        kept.setdefault(kind, results(place).difference(*kept.values()))
        jobs = [blender.start(make(kind, folder))
                for folder in (place, tmp_path / "new" / str(number))]
        blender.watch(chance.uniform(0.0, LATEST_S))
        check_all_gone(blender.kill())
        ends = Counter(job for job, _, _ in blender.ends)
        assert ends[done] == 1
        assert max(ends[job] for job in jobs) <= 1
        assert results(place) == set().union(*kept.values())
        assert results(tmp_path / "new" / str(number)) <= kept[kind]
    with start() as blender:
        for kind in kept:
            assert blender.wait(blender.start(make(kind, place))) == [DONE]
    assert results(place) == set().union(*kept.values())


@pytest.fixture
def long_mesh(make: Make, tmp_path: Path) -> ReconstructRequest:
    """A mesh whose fit takes long enough to be stopped."""
    request = make("reconstruct", tmp_path / "results")
    assert isinstance(request, ReconstructRequest)
    return replace(request, iterations=100)


def check_went_on(blender: BlenderProcess, job: str) -> None:
    """Check that a job has ended without sampling views again."""
    assert blender.wait(job) == [DONE]
    assert {"fit", "texture"} <= {stage for of, stage in blender.stages if of == job}
    assert (job, "sample") not in blender.stages


def test_mesh_resumes_in_the_next_blender(start: Start, long_mesh: ReconstructRequest) -> None:
    for _ in range(rounds(1, 5)):
        blender = start()
        job = blender.start(long_mesh)
        blender.wait_for_stage(job, "fit")
        check_all_gone(blender.kill())
        assert not Path(long_mesh.out, "mesh.glb").exists()
        with start() as blender:
            (stopped,) = blender.operate("refresh_history")
            assert blender.wait(stopped) == [("Stopped", None)]
            (again,) = blender.operate("resume_job", job=stopped)
            check_went_on(blender, again)
            assert blender.operate("refresh_history") == []
        assert Path(long_mesh.out, "mesh.glb").is_file()
        Path(long_mesh.out, "mesh.glb").unlink()


def test_killed_engine_ends_every_job_of_blender_once(
        start: Start, make: Make, long_mesh: ReconstructRequest, tmp_path: Path) -> None:
    chance = random.Random(3)
    place = tmp_path / "results"
    with start() as blender:
        expected = {blender.start(make("views", place)): "Done"}
        assert blender.wait(*expected) == [DONE]
        scene = blender.order("scene")
        for number in range(rounds(1, 60)):
            kind = ALL[number % len(ALL)]
            jobs = [blender.start(make(kind, place)) for _ in range(2)]
            blender.watch(chance.uniform(0.0, LATEST_S))
            kill_engine(blender)
            for job, (state, error) in zip(jobs, blender.wait(*jobs), strict=True):
                assert state == "Done" or (
                    state == "Failed" and ErrorCode.ENGINE_DIED.value in (error or "")), error
                expected[job] = state
            job = blender.start(make("segment", place))
            assert blender.wait(job) == [DONE]
            expected[job] = "Done"
            assert scene.items() <= blender.order("scene").items()
        job = blender.start(long_mesh)
        blender.wait_for_stage(job, "fit")
        kill_engine(blender)
        assert blender.wait(job)[0][0] == "Failed"
        (again,) = blender.operate("resume_job", job=job)
        check_went_on(blender, again)
        expected |= {job: "Failed", again: "Done"}
        assert {job: kind for job, kind, _ in blender.ends} == expected
        assert len(blender.ends) == len(expected)


def kill_engine(blender: BlenderProcess) -> None:
    """Kill the engine of a running Blender, and check that neither the engine nor a helper is
    left.
    """
    assert blender.engine is not None
    engine = psutil.Process(blender.engine)
    family = [engine, *engine.children(recursive=True)]
    engine.kill()
    check_all_gone(family)
