# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic training objects: closed shapes in the unit box, and images that agree with the
cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.core.reporting import SilentReporter
from engine.mesh.triangles import Triangles
from engine.training.shards import read_shards
from engine.training.synthetic.geometry import Part, box, ellipsoid, painted
from engine.training.synthetic.objects import OBJECT_KINDS, normalised
from engine.training.synthetic.paint import SIZE, random_texture
from engine.training.synthetic.render import SyntheticViews, render_object, render_shards

RED = np.full((4, 8, 3), [1.0, 0, 0])
BLUE = np.full((4, 8, 3), [0.0, 0, 1])


def welded(part: Part) -> Triangles:
    """The same surface with one vertex per position and without degenerate faces."""
    vertices, index = np.unique(part.vertices.round(6), axis=0, return_inverse=True)
    faces = index.reshape(-1)[part.faces]
    real = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return Triangles(vertices, faces[real])


@pytest.mark.parametrize("kind", [kind for kind, _ in OBJECT_KINDS])
def test_object_kinds_have_closed_outward_surfaces(kind) -> None:
    for seed in range(5):
        for part in kind(np.random.default_rng(seed)):
            surface = welded(part)
            assert surface.is_watertight
            assert surface.volume > 0


@pytest.mark.parametrize("kind", [kind for kind, _ in OBJECT_KINDS])
def test_object_kinds_fill_the_unit_box(kind) -> None:
    parts = normalised(kind(np.random.default_rng(0)))
    vertices = np.concatenate([part.vertices for part in parts])
    np.testing.assert_allclose(vertices.min(axis=0) + vertices.max(axis=0), 0, atol=1e-9)
    assert np.ptp(vertices, axis=0).max() == pytest.approx(1)


def test_box_encloses_its_volume() -> None:
    assert welded(box([0.5, 1, 0.25], exponent=64)).volume == pytest.approx(0.125, rel=0.02)


def test_ellipsoid_encloses_its_volume() -> None:
    volume = welded(ellipsoid([1.0, 0.5, 0.8])).volume
    assert volume == pytest.approx(np.pi / 6 * 0.4, rel=0.03)


def test_rendering_shows_the_side_that_faces_the_camera() -> None:
    left = box([0.2, 0.2, 0.2], 0).moved(np.eye(3), np.array([0.4, 0, 0]))
    right = box([0.2, 0.2, 0.2], 1).moved(np.eye(3), np.array([-0.4, 0, 0]))
    thing = painted([left, right], [RED, BLUE])
    for azimuth, colour in ((0, 0), (180, 2)):
        centre = thing.render(azimuth, 0, 1.85, 32)[16, 16]
        assert centre.argmax() in (colour, 3)
        assert centre[colour] == 255
        assert centre[3] == 255
    beside = thing.render(90, 0, 1.85, 32)
    # The camera on the left side (azimuth 90) has +x on its left.
    assert beside[16, 8, 0] == 255
    assert beside[16, 23, 2] == 255
    assert beside[16, 16, 3] == 0


def test_rendering_has_the_size_that_the_camera_sees() -> None:
    thing = painted([box([1, 1, 1], exponent=64)], [RED])
    alpha = thing.render(0, 0, 2.0, 128)[..., 3] / 255
    # The front face is 1.5 away; the focal length is 128 * 35 / 32 pixels.
    assert np.sqrt(alpha.sum()) == pytest.approx(140 / 1.5, rel=0.02)


def test_random_texture_holds_colours() -> None:
    for seed in range(8):
        texture = random_texture(np.random.default_rng(seed))
        assert texture.shape == (SIZE, 2 * SIZE, 3)
        assert texture.min() >= 0
        assert texture.max() <= 1


def test_render_object_depends_on_number_and_seed() -> None:
    first = render_object(3, SyntheticViews(2, 32, seed=1))
    again = render_object(3, SyntheticViews(2, 32, seed=1))
    other = render_object(4, SyntheticViews(2, 32, seed=1))
    np.testing.assert_array_equal(first.rgba, again.rgba)
    assert not np.array_equal(first.rgba, other.rgba)


def test_render_shards_can_be_read(tmp_path: Path) -> None:
    render_shards(tmp_path, 3, SyntheticViews(2, 32), 1, SilentReporter())
    objects = list(read_shards(tmp_path))
    assert [rendered.name for rendered in objects] == [f"shape_0_{i:05d}" for i in range(3)]
    expected = render_object(2, SyntheticViews(2, 32, seed=0))
    np.testing.assert_allclose(objects[2].pose, expected.pose, rtol=1e-6)
    np.testing.assert_array_equal(objects[2].rgba[..., 3], expected.rgba[..., 3])


def test_render_shards_keeps_finished_shards(tmp_path: Path) -> None:
    render_shards(tmp_path, 2, SyntheticViews(2, 32), 1, SilentReporter())
    shard = next(tmp_path.glob("*.tar"))
    before = shard.stat().st_mtime_ns
    render_shards(tmp_path, 2, SyntheticViews(2, 32), 1, SilentReporter())
    assert shard.stat().st_mtime_ns == before
