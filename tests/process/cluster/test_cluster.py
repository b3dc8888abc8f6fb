# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches on a real Ray cluster of two nodes: no item is lost or done twice if actors die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

pytest.importorskip("ray", reason="needs engine/requirements-ray.txt")

from helpers.batches import make_pictures, results_in, start, status, wait_until
from helpers.command_line import PATIENCE_S, names, run
from ray.cluster_utils import Cluster

from engine.remote.remote_model_cache import cached_model_folder, digest_of
from engine.setup.environment import user_folder

NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 * 1024**2}
LONG = ("--orbit", 16, "--steps", 60)
"""Options with which an image takes some seconds with the tiny model."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of one node, the head, whose user has a separate home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user")))
        with TemporaryDirectory(dir="/tmp") as folder:  # because paths of sockets must be short
            patch.setenv("RAY_TMPDIR", folder)
            cluster = Cluster(initialize_head=True,
                              head_node_args={**NODE, "include_dashboard": False})
            yield cluster
            cluster.shutdown()


def pictures_in(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in names(out) if name.endswith(".png")}


def running(out: Path) -> int:
    if not (out / "status.json").is_file():
        return 0
    return sum(item["state"] == "running" for item in status(out).values())


def at_work() -> list[psutil.Process]:
    """The actors of the batch."""
    return [process for process in psutil.process_iter(["cmdline"])
            if (process.info["cmdline"] or [""])[0].startswith("ray::Actor.make")]


def test_cluster_results_equal_local_ones(cluster: Cluster, tiny_model: Path, tmp_path: Path,
                                          capfd: pytest.CaptureFixture[str]):
    make_pictures(tmp_path / "photos", "a", "b", "c")
    (tmp_path / "photos" / "bad.png").write_text("no picture")
    given = (tmp_path / "photos", tmp_path / "gone.png", "--kind", "views", "--model", tiny_model)
    there, here = tmp_path / "there", tmp_path / "here"
    with start(*given, "--out", there, "--ray", cluster.address) as batch:
        said, errors = batch.communicate(timeout=PATIENCE_S)
    assert batch.returncode == 2
    assert sorted(results_in(said, there)) == ["a", "b", "c"]
    photo = tmp_path / "photos" / "bad.png"
    assert f"error: {photo}: {photo} " in errors, "its path here"
    assert f"the file {tmp_path / 'gone.png'} does not exist" in errors
    assert "bad-input: 2 of 5 images failed" in errors.splitlines()[-1]
    assert "/zero123-" not in errors, "nor one there"
    assert "raylet" not in said + errors
    assert run("batch", *given, "--out", here) == 2
    capfd.readouterr()
    assert pictures_in(there) == pictures_in(here)
    assert names(there) == names(here)
    text = (there / "a" / "views.json").read_text()
    assert str(tmp_path / "photos" / "a.png") in text
    assert f'"model": "{tiny_model}"' in text
    assert cached_model_folder(digest_of(tiny_model)).is_relative_to(user_folder())
    assert pictures_in(there).keys() == {f"{name}/{file}.png" for name in "abc"
                                         for file in ("input", "view_000")}
    assert names(cached_model_folder(digest_of(tiny_model))) == names(tiny_model)

    with start(*given, "--out", there, "--ray", cluster.address) as again:
        said, _ = again.communicate(timeout=PATIENCE_S)
    assert results_in(said, there) == [], "what is there is kept"


def test_cluster_survives_a_killed_node(cluster: Cluster, tiny_model: Path, tmp_path: Path):
    stems = ["a", "b", "c", "d", "e"]
    make_pictures(tmp_path / "photos", *stems)
    out = tmp_path / "out"
    doomed = cluster.add_node(**NODE)
    with start(tmp_path / "photos", "--kind", "views", "--out", out, "--model", tiny_model, *LONG,
               "--ray", cluster.address) as batch:
        wait_until(lambda: running(out) == 2)
        cluster.remove_node(doomed, allow_graceful=False)
        wait_until(lambda: running(out) == 1)
        spare = cluster.add_node(**NODE)
        wait_until(lambda: running(out) == 2)
        said, errors = batch.communicate(timeout=PATIENCE_S)
    cluster.remove_node(spare)
    assert batch.returncode == 0, errors
    assert sorted(results_in(said, out)) == stems, "each once"
    assert errors.count("will be tried again") == 1, errors
    assert {item["state"] for item in status(out).values()} == {"done"}
    assert len(pictures_in(out)) == 17 * len(stems)
    assert names(out / ".batch") == []


def test_cluster_limits_attempts_and_stops_on_ctrl_c(
        cluster: Cluster, tiny_model: Path, tmp_path: Path):
    make_pictures(tmp_path / "photos", "a", "b")
    out = tmp_path / "out"
    with start(tmp_path / "photos", "--kind", "views", "--out", out, "--model", tiny_model,
               "--orbit", 360, "--steps", 60, "--ray", cluster.address) as batch:
        for _ in range(3):
            wait_until(lambda: running(out) == 1 and len(at_work()) == 1)
            os.kill(at_work()[0].pid, signal.SIGKILL)
            wait_until(lambda: running(out) == 0 or status(out)["b"]["state"] == "running")
        wait_until(lambda: status(out)["b"]["state"] == "running")
        assert status(out)["a"]["error"]["code"] == "engine-died"
        batch.send_signal(signal.SIGINT)
        _, errors = batch.communicate(timeout=PATIENCE_S)
    assert batch.returncode == 6, errors
    assert status(out)["b"]["state"] == "waiting"
    assert names(out / ".batch") == []
    wait_until(lambda: not at_work())


def test_batch_reports_a_missing_cluster(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    make_pictures(tmp_path, "a")
    assert run("batch", tmp_path / "a.png", "--out", tmp_path / "out", "--ray", "nowhere") == 7
    assert capfd.readouterr().err.startswith(
        "error environment: can't use the Ray cluster nowhere: ")
