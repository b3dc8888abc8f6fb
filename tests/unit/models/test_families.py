# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each family of models has its own settings, and reports list those that were used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_pipeline import tiny_pipeline

from engine.camera import DEFAULT_RADIUS
from engine.core.reporting import SilentReporter
from engine.core.requests import DiffusionRequest, ReconstructRequest, ViewsRequest
from engine.imaging import ObjectShare, frame_image
from engine.imaging.framing import ZERO123_SHARE, object_share
from engine.jobs import run as jobs
from engine.jobs.mesh import with_family_settings
from engine.models.catalogue import find_model
from engine.models.families import NANO, STABLE, ZERO123, Schedule, family_in, family_of


def test_family_of_uses_encoding_and_size():
    assert family_of("stable", 256) is STABLE
    assert family_of("zero123", 256) is ZERO123
    assert family_of("zero123", 128) is NANO
    assert family_in(find_model("nano").folder) is NANO


@pytest.mark.parametrize("family", [NANO, ZERO123, STABLE])
def test_request_defaults_equal_the_families(family):
    request = ReconstructRequest()
    assert DiffusionRequest().sampler == family.sampling.sampler
    assert DiffusionRequest().eta == family.sampling.eta
    assert request.view_count == family.fit.view_count


@pytest.mark.parametrize("family", [NANO, ZERO123, STABLE])
def test_framing_uses_the_families_shares(family):
    known = ObjectShare(family.framing.share, family.framing.trained_share)
    assert known == ZERO123_SHARE
    assert known.at(DEFAULT_RADIUS) == family.framing.share
    low, high = known.trained
    assert (known.at(2.2), known.at(1.5)) == pytest.approx((low, high), rel=0.02)


def test_frame_image_follows_the_models_object_size(picture: Path):
    framed = frame_image(picture, framing="fit", model=ObjectShare(0.8, (0.7, 0.9)))
    assert object_share(framed.rgba)[0] == pytest.approx(0.8, abs=0.02)


def test_schedule_is_linear_between_its_points():
    schedule = Schedule(((0.1, 7.0), (0.2, 5.0), (0.4, 10.0)))
    values = [schedule.at(share) for share in (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 1.0)]
    np.testing.assert_allclose(values, [7, 7, 6, 5, 7.5, 10, 10])


def test_sds_of_stable_zero123_uses_its_own_schedule():
    """threestudio's configs/stable-zero123.yaml: steps 50 to 200 of 600."""
    sds = STABLE.sds
    assert (sds.min_noise.at(0), sds.min_noise.at(1 / 3)) == (0.7, 0.3)
    assert (sds.max_noise.at(0), sds.max_noise.at(1 / 3)) == (0.98, 0.8)
    assert (sds.rgb_weight.at(100 / 600), sds.rgb_weight.at(1)) == (500, 1000)
    assert [stage[1] for stage in sds.stages] == [12, 8, 4]
    assert ZERO123.sds.min_noise.at(0) == 0.4


def stable_model(folder: Path) -> Path:
    tiny_pipeline(pose_encoding="stable").save_pretrained(folder)
    return folder


def test_stable_models_sample_views_at_input_distance(tmp_path: Path, picture: Path):
    class Warnings(SilentReporter):
        texts: list[str] = []

        def log(self, level: str, text: str) -> None:
            self.texts.append(text)

    request = ViewsRequest(image=str(picture), out=str(tmp_path / "out"), steps=1,
                           model=str(stable_model(tmp_path / "model")), radius=[1.5],
                           azimuth=[0.0, 90.0], framing="keep")
    jobs.run(request, reporter := Warnings())
    document = json.loads((tmp_path / "out" / "views.json").read_text())
    radius = document["input"]["radius"]
    assert [view["radius"] for view in document["views"]] == [radius, radius]
    assert any("the requested radii are ignored" in text for text in reporter.texts)


def test_with_family_settings_fills_missing_values():
    chosen = with_family_settings(ReconstructRequest(device="cpu"), STABLE)
    assert (chosen.resolution, chosen.iterations) == (96, 300)
    assert STABLE.fit.on(gpu=True) == (160, 900)
    given = ReconstructRequest(device="cpu", method="sds", resolution=64)
    assert with_family_settings(given, STABLE).resolution == 64
    assert with_family_settings(given, STABLE).iterations == 600


def test_with_family_settings_fits_given_views_with_all_steps():
    request = ReconstructRequest(device="cpu")
    assert with_family_settings(request, NANO).iterations == 150
    request.views = "views.json"
    assert with_family_settings(request, NANO).iterations == 300


@pytest.mark.slow
def test_report_lists_family_settings(tmp_path: Path, picture: Path):
    request = ReconstructRequest(
        image=str(picture), out=str(tmp_path / "out"), device="cpu", view_count=4, iterations=4,
        resolution=32, faces=200, texture_size=64)
    settings = jobs.run(request, SilentReporter())["settings"]
    assert settings["family"] == "nano"
    assert (settings["steps"], settings["resolution"], settings["iterations"]) == (1, 32, 4)
