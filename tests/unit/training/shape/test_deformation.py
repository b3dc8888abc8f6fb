# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deformation of training objects, and which objects each pass of the preparation has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("embreex", reason="preparing training objects needs embreex")

from engine.training.shape.deformation import Deformation, deformed, random_deformation
from engine.training.shape.objects import synthetic_object
from engine.training.shape.prepare import ordered_names, prepare_object

NONE = Deformation(np.ones(3), np.zeros(2), np.zeros(2), None)


def sizes(thing) -> np.ndarray:
    return np.ptp(thing.corners.reshape(-1, 3), axis=0)


def test_deformed_objects_stay_centred_with_a_longest_side_of_1() -> None:
    rng = np.random.default_rng(0)
    for number in range(5):
        points = deformed(synthetic_object(number), random_deformation(rng)).corners.reshape(-1, 3)
        np.testing.assert_allclose(points.min(0), -points.max(0), atol=1e-6)
        assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=1e-6)


def test_deformed_scales_along_the_axes() -> None:
    thing = synthetic_object(3)
    found = sizes(deformed(thing, Deformation(np.array([1, 2, 4.0]), NONE.taper, NONE.shear, None)))
    expected = sizes(thing) * [1, 2, 4]
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-6)


def test_deformed_tapers_from_bottom_to_top() -> None:
    square = [[x, y, z] for z in (-0.5, 0.5) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]
    cube = replace(synthetic_object(3), corners=np.array(square, np.float32)[None])
    found = deformed(cube, Deformation(NONE.scales, np.array([-0.5, 0]), NONE.shear, None))
    bottom, top = np.ptp(found.corners[0, :4], axis=0), np.ptp(found.corners[0, 4:], axis=0)
    np.testing.assert_allclose(top[:2] / bottom[:2], [0.75 / 1.25, 1], rtol=1e-6)


def test_random_deformation_mostly_keeps_round_things_round() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_deformation(rng) for _ in range(300)]
    upright = [item.scales[0] == item.scales[1] and item.taper[0] == item.taper[1]
               and not item.shear.any() for item in drawn]
    assert 0.6 < np.mean(upright) < 0.8


@pytest.mark.parametrize("axis", [0, 1])
def test_deformed_lies_without_mirroring(axis) -> None:
    thing = synthetic_object(3)
    found = deformed(thing, Deformation(NONE.scales, NONE.taper, NONE.shear, axis))
    order = [0, 2, 1] if axis == 0 else [2, 1, 0]
    np.testing.assert_allclose(sizes(found), sizes(thing)[order], atol=1e-6)
    volume = [float(np.linalg.det(item.corners.astype(float)).sum()) for item in (thing, found)]
    assert volume[0] == pytest.approx(volume[1], rel=1e-4)


def test_later_passes_deform_the_object() -> None:
    thing = synthetic_object(3)
    solids = [prepare_object(thing, 1, number)[3] for number in (0, 1)]
    assert (solids[0] != solids[1]).mean() > 0.001


def test_later_passes_have_new_synthetic_objects_and_none_held_out() -> None:
    index = {"robot": {"source": "px4", "kind": "robot"}, "cup": {"source": "vrx", "kind": "cup"}}
    assert ordered_names(index, 2)[0] == "robot"
    assert sorted(ordered_names(index, 2)) == [
        "cup", "robot", "synthetic__00000", "synthetic__00001"]
    assert sorted(ordered_names(index, 2, number=3)) == [
        "cup", "synthetic__00006", "synthetic__00007"]
