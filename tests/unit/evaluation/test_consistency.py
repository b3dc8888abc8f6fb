# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstructions of true views with known defects, scored against the truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from helpers.command_line import run

from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.evaluation.consistency import (
    Case,
    ConsistencyEvaluation,
    evaluate_consistency,
    views_with_defects,
)
from engine.evaluation.defects import (
    DEFECT_NAMES,
    IMAGE_DEFECTS,
    MAX_SHIFT,
    MISSING,
    SCALE,
    WRONG_SIDE,
)
from engine.evaluation.reconstructions import normalised_truth, true_views
from engine.imaging.view_set import ViewSet
from engine.mesh.rendering import TexturedTriangles
from engine.training.synthetic.render import SyntheticViews, render_shards


@pytest.fixture(scope="module")
def test_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One object in the shape of an L, whose front and back differ."""
    folder = tmp_path_factory.mktemp("objects")
    render_shards(folder / "views", 1, SyntheticViews(1, 64), 1, SilentReporter(),
                  folder / "meshes")
    upright, foot = trimesh.creation.box((0.3, 1, 0.6)), trimesh.creation.box((0.7, 0.3, 0.6))
    upright.apply_translation((-0.35, 0, 0))
    foot.apply_translation((0.15, -0.35, 0))
    mesh = next((folder / "meshes").glob("*.glb"))
    trimesh.util.concatenate([upright, foot]).export(mesh)
    return folder


@pytest.fixture(scope="module")
def thing(test_set: Path) -> TexturedTriangles:
    return normalised_truth(next((test_set / "meshes").glob("*.glb")))


@pytest.fixture
def view() -> np.ndarray:
    """A red square of 32 pixels, right of the centre, on 128 pixels."""
    image = np.zeros((128, 128, 4), np.float32)
    image[48:80, 64:96] = (0.8, 0.1, 0.1, 1)
    return image


def spot(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (x, y) of the alpha in pixels, and its sum."""
    y, x = np.mgrid[:len(image), :len(image)]
    alpha = image[..., 3]
    return np.array([(x * alpha).sum(), (y * alpha).sum()]) / alpha.sum(), float(alpha.sum())


def test_defect_shifted_moves_by_at_most_eight_pixels(view: np.ndarray) -> None:
    before, area = spot(view)
    for seed in range(5):
        after, same = spot(IMAGE_DEFECTS["shifted"](view, np.random.default_rng(seed)))
        assert np.abs(after - before).max() == pytest.approx(MAX_SHIFT, abs=0.01)
        assert same == pytest.approx(area, rel=1e-3)


def test_defect_scaled_changes_the_side_by_a_tenth(view: np.ndarray) -> None:
    areas = [spot(IMAGE_DEFECTS["scaled"](view, np.random.default_rng(seed)))[1] / 32**2
             for seed in range(8)]
    assert sorted({round(area**0.5, 2) for area in areas}) == [1 - SCALE, 1 + SCALE]


def test_defect_mirrored_turns_left_and_right_around(view: np.ndarray) -> None:
    assert (IMAGE_DEFECTS["mirrored"](view, np.random.default_rng(0)) == view[:, ::-1]).all()


def test_defect_hue_keeps_shape_and_brightness(view: np.ndarray) -> None:
    changed = IMAGE_DEFECTS["hue"](view, np.random.default_rng(0))
    assert (changed[..., 3] == view[..., 3]).all()
    assert np.abs(changed[60, 80, :3] - view[60, 80, :3]).max() > 0.2
    assert (IMAGE_DEFECTS["hue"](np.full((4, 4, 4), 0.5, np.float32), np.random.default_rng(0))
            == pytest.approx(0.5))


def test_defect_blurred_softens_the_outline(view: np.ndarray) -> None:
    blurred = IMAGE_DEFECTS["blurred"](view, np.random.default_rng(0))
    assert 0.2 < blurred[64, 63, 3] < 0.6
    assert blurred[64, 80, :3] == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.fixture(scope="module")
def intact(thing: TexturedTriangles) -> ViewSet:
    return true_views(thing, 8, 64)


def with_defects(thing: TexturedTriangles, intact: ViewSet, case: Case) -> ViewSet:
    return views_with_defects(thing, intact, case, ConsistencyEvaluation().generator("thing"))


def test_views_with_defects_hit_the_same_views(thing: TexturedTriangles, intact: ViewSet) -> None:
    """All defects affect the same views, and the six bad views contain the two."""
    def changed(defect: str, bad: int) -> set[int]:
        images = with_defects(thing, intact, Case(defect, bad)).images
        return {i for i in range(8) if not np.array_equal(images[i], intact.images[i])}

    two = changed("blurred", 2)
    assert len(two) == 2 and two < changed("blurred", 6)
    assert changed(WRONG_SIDE, 2) == two
    assert not changed("", 0)


def test_missing_views_are_left_out_with_their_cameras(
        thing: TexturedTriangles, intact: ViewSet) -> None:
    views = with_defects(thing, intact, Case(MISSING, 3))
    assert len(views) == 5 and len(set(zip(views.azimuth_deg, views.elevation_deg,
                                           strict=True))) == 5


@pytest.mark.slow
def test_evaluate_consistency_measures_the_cost(
        test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("evaluate", "consistency", test_set, "--out", tmp_path, "--bad", 0, 4,
               "--defects", WRONG_SIDE, "--view-count", 8, "--resolution", 32,
               "--iterations", 20)
    assert run(*command) == 0
    record = json.loads((tmp_path / "consistency.json").read_text())
    assert set(record["mean"]) == {"intact", "wrong-side 4"}
    assert record["mean"]["intact"] > record["mean"]["wrong-side 4"]
    assert f"| {WRONG_SIDE} | {record['mean']['intact']:.3f} |" in capsys.readouterr().out
    (kept,) = [path for path in tmp_path.glob("*.json") if path.name != "consistency.json"]
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "intact": 0.125}))
    assert run(*command) == 0
    assert json.loads((tmp_path / "consistency.json").read_text())["mean"]["intact"] == 0.125


@pytest.mark.slow
def test_evaluate_consistency_unweighted_trusts_all_views(test_set: Path, tmp_path: Path) -> None:
    command = ("evaluate", "consistency", test_set, "--bad", 2, "--defects", WRONG_SIDE,
               "--view-count", 8, "--resolution", 24, "--iterations", 4)
    means = []
    for options in ((), ("--unweighted",)):
        out = tmp_path / f"out{len(options)}"
        assert run(*command, "--out", out, *options) == 0
        means.append(json.loads((out / "consistency.json").read_text())["mean"])
    assert means[0] != means[1]


@pytest.mark.parametrize("change", [{"defects": ("dented",)}, {"bad_counts": (16,)},
                                    {"bad_counts": (-1,)}])
def test_evaluate_consistency_refuses_impossible_cases(
        test_set: Path, tmp_path: Path, change: dict) -> None:
    evaluation = replace(ConsistencyEvaluation(), **change)
    with pytest.raises(EngineError) as caught:
        evaluate_consistency(test_set, tmp_path, evaluation, SilentReporter())
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert not list(tmp_path.iterdir())


def test_defect_names_are_all_measured() -> None:
    assert DEFECT_NAMES == (WRONG_SIDE, "mirrored", "shifted", "scaled", "hue", "blurred", MISSING)
