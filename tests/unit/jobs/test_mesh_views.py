# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh comes with images of it, and with the views to which it was fitted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.shapes import BLOCK, photograph

from engine.camera import two_ring_orbit
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest
from engine.imaging.view_set import ViewSet
from engine.jobs import run as jobs
from engine.jobs.mesh_views import VIEW_SIZE, poses_of

SMALL = {"resolution": 32, "iterations": 40, "faces": 800, "texture_size": 64, "device": "cpu"}
BOTTLE = "tools/demo/bottle.png"


class Listener(SilentReporter):
    """Keeps the warnings and the stages of a job."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.stages: list[tuple[str, int, int]] = []

    def progress(self, stage: str, done: int, total: int) -> None:
        self.stages.append((stage, done, total))

    def log(self, level: str, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def given() -> ViewSet:
    """Eight true views of a block, the first two of which are samples of one pose."""
    views = photograph(BLOCK, two_ring_orbit(8), size=64)
    twice = [0, *range(8)]
    picked = {name: getattr(views, name)[twice] for name in (
        "images", "azimuth_deg", "elevation_deg", "radius")}
    return replace(views, **picked, sample=np.array([0, 1, *[0] * 7]))


@pytest.fixture(scope="module")
def result(given: ViewSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a mesh that was fitted to them."""
    folder = tmp_path_factory.mktemp("result")
    listener = Listener()
    jobs.run(ReconstructRequest(views=str(given.save(folder / "given")), out=str(folder / "out"),
                                **SMALL), listener)
    assert ("render views", 8, 8) in listener.stages
    assert not listener.warnings
    return folder / "out"


def test_views_of_a_mesh_are_images_of_it(result: Path, given: ViewSet) -> None:
    shown = ViewSet.load(result / "views" / "views.json")
    assert shown.meta["source"] == "mesh"
    assert shown.images.shape == (8, VIEW_SIZE, VIEW_SIZE, 4)
    truth = photograph(BLOCK, two_ring_orbit(8), size=VIEW_SIZE).images
    outline, true_outline = shown.images[..., 3] > 0.5, truth[..., 3] > 0.5
    both, either = outline & true_outline, outline | true_outline
    assert (both.sum((1, 2)) / either.sum((1, 2))).min() > 0.9
    inside = (shown.images[..., 3] == 1) & (truth[..., 3] == 1)
    assert np.abs(shown.images - truth)[inside].mean() < 0.06


def test_poses_of_counts_samples_of_a_pose_once(given: ViewSet) -> None:
    assert poses_of(given) == [(azimuth, elevation, 1.85)
                               for azimuth, elevation in two_ring_orbit(8)]


def test_fitted_views_are_kept_unchanged(result: Path, given: ViewSet) -> None:
    fitted = ViewSet.load(result / "fitted" / "views.json")
    assert "source" not in fitted.meta
    assert fitted.sample.tolist() == given.sample.tolist()
    np.testing.assert_allclose(fitted.images, given.images, atol=0.01)


def test_a_mesh_of_images_of_a_mesh_names_the_fitted_views(result: Path, tmp_path: Path) -> None:
    listener = Listener()
    jobs.run(ReconstructRequest(views=str(result / "views" / "views.json"), out=str(tmp_path),
                                **SMALL), listener)
    (warning,) = listener.warnings
    assert str(result / "fitted" / "views.json") in warning


def test_a_direct_mesh_comes_with_images_of_it_only(project_root: Path, tmp_path: Path) -> None:
    jobs.run(ReconstructRequest(image=str(project_root / BOTTLE), out=str(tmp_path),
                                method="direct", faces=500, texture_size=64, input_elevation=20.0),
             SilentReporter())
    document = json.loads((tmp_path / "views" / "views.json").read_text())
    assert (document["source"], len(document["views"])) == ("mesh", 4)
    assert document["input"]["elevation_deg"] == 20
    assert not (tmp_path / "fitted").exists()
