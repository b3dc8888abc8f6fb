# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of textured triangles: outlines, colours, and cameras of other fields of view."""

from __future__ import annotations

import math

import numpy as np
import pytest
import trimesh

from engine.camera import FOV_DEG
from engine.mesh.rendering import SUPERSAMPLING, Lights, TexturedTriangles, _downsampled, of_mesh
from engine.mesh.textured import TexturedMesh

COLOUR = np.array([200, 100, 50])


@pytest.fixture(scope="module")
def ball() -> TexturedTriangles:
    """A ball of one colour with a radius of 0.4."""
    shape = trimesh.creation.icosphere(4, 0.4)
    uv, corners = np.full((1, 2), 0.5), np.zeros((len(shape.faces), 3), int)
    texture = np.broadcast_to((COLOUR / 255).astype(np.float32), (8, 8, 3))
    return of_mesh(TexturedMesh(np.asarray(shape.vertices), np.asarray(shape.faces), uv, corners,
                                texture))


def test_render_shows_the_texture_without_lights(ball: TexturedTriangles) -> None:
    rgba = ball.render(30.0, 20.0, 1.85, 64)
    assert (rgba[rgba[..., 3] > 0][:, :3] == COLOUR).all()


def test_render_smooths_the_outline(ball: TexturedTriangles) -> None:
    """Outlines are a pixel wide, and nothing else is transparent."""
    alpha = ball.render(30.0, 20.0, 1.85, 128)[..., 3]
    radius = math.sqrt((alpha > 127).sum() / math.pi)
    partial = ((alpha > 0) & (alpha < 255)).sum()
    assert set(np.unique(alpha)) == {0, 64, 128, 191, 255}
    assert partial < 1.5 * 2 * math.pi * radius


@pytest.mark.parametrize("fov_deg", [30.0, FOV_DEG, 80.0])
def test_render_follows_the_field_of_view(ball: TexturedTriangles, fov_deg: float) -> None:
    """The outline of a ball at the distance d is a circle of the angle asin(r / d)."""
    alpha = ball.render(0.0, 0.0, 1.85, 256, fov_deg=fov_deg)[..., 3] / 255
    tangent = math.tan(math.asin(0.4 / 1.85)) / math.tan(math.radians(fov_deg / 2))
    assert math.sqrt(alpha.sum() / math.pi) == pytest.approx(128 * tangent, rel=0.01)


def test_render_leaves_out_what_is_behind_the_camera(ball: TexturedTriangles) -> None:
    """Inside the ball only the backs of triangles are in front of the camera."""
    assert not ball.render(0.0, 0.0, 0.1, 32)[..., 3].any()


@pytest.mark.parametrize("first, last", [(0, 16), (3, 4), (5, 12), (15, 16), (9, 9)])
def test_downsampling_equals_means_of_all_blocks(first: int, last: int) -> None:
    """Only pixels from the first to the last covered one are computed."""
    samples = np.zeros((16, 16, 4))
    samples[first:last, first:last, :3] = np.random.default_rng(0).random(3)
    samples[first:last, first:last, 3] = 1
    blocks = samples.reshape(8, SUPERSAMPLING, 8, SUPERSAMPLING, 4).sum(axis=(1, 3))
    expected = blocks / np.maximum(blocks[..., 3:], 1)
    expected[..., 3] = blocks[..., 3] / SUPERSAMPLING**2
    np.testing.assert_allclose(_downsampled(samples), expected * 255, atol=0.51)


def test_render_lights_the_side_that_faces_a_light(ball: TexturedTriangles) -> None:
    lights = Lights(np.array([[0.0, 0.0, 1.0]]), np.array([0.5]), ambient=0.5)
    rgba = ball.render(0.0, 0.0, 1.85, 64, lights).astype(int)
    assert rgba[24, 32, 0] > rgba[40, 32, 0] + 20
