# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values continued over a mesh: known ones are kept, others are smooth, and they fade within a
reach."""

from __future__ import annotations

import numpy as np
import pytest

from engine.mesh.membrane import membrane_interpolation
from engine.mesh.triangles import Triangles

RINGS, AROUND = 21, 20
"""Rings of vertices along a tube of length 1, and vertices around it."""


@pytest.fixture
def tube() -> Triangles:
    ring, turn = np.meshgrid(np.arange(RINGS), np.arange(AROUND), indexing="ij")
    angle = turn * 2 * np.pi / AROUND
    vertices = np.stack([ring / (RINGS - 1), 0.16 * np.cos(angle), 0.16 * np.sin(angle)], -1)
    here = ring[:-1] * AROUND + turn[:-1]
    beside = ring[:-1] * AROUND + (turn[:-1] + 1) % AROUND
    faces = np.concatenate([
        np.stack([here, here + AROUND, beside], -1).reshape(-1, 3),
        np.stack([beside, here + AROUND, beside + AROUND], -1).reshape(-1, 3)])
    return Triangles(vertices.reshape(-1, 3), faces)


def test_membrane_is_linear_between_two_edges(tube: Triangles) -> None:
    x = tube.vertices[:, 0]
    known = (x == 0) | (x == 1)
    found = membrane_interpolation(tube, x[:, None], known.astype(float))
    np.testing.assert_allclose(found[:, 0], x, atol=0.03)


def test_membrane_keeps_what_is_known(tube: Triangles) -> None:
    colours = np.random.default_rng(0).random((len(tube.vertices), 3))
    found = membrane_interpolation(tube, colours, np.ones(len(colours)))
    np.testing.assert_allclose(found, colours, atol=0.05)


def test_membrane_fades_within_its_reach(tube: Triangles) -> None:
    x = tube.vertices[:, 0]
    found = membrane_interpolation(
        tube, np.ones((len(x), 1)), (x == 0).astype(float), reach=0.2)[:, 0]
    assert found[x == 0].mean() > 0.9
    assert found[np.isclose(x, 0.2)].mean() == pytest.approx(np.exp(-1), abs=0.15)
    assert found[x == 1].mean() < 0.05


def test_membrane_continues_along_horizontal_lines() -> None:
    """Two colours meet half way up a wall; only its left edge is known."""
    y, z = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21), indexing="ij")
    corner = (np.arange(20)[:, None] * 21 + np.arange(20)).reshape(-1)
    faces = np.concatenate([np.stack([corner, corner + 21, corner + 1], 1),
                            np.stack([corner + 1, corner + 21, corner + 22], 1)])
    wall = Triangles(np.stack([0 * y, y, z], -1).reshape(-1, 3), faces)
    values = (wall.vertices[:, 2] > 0.5).astype(float)[:, None]
    known = (wall.vertices[:, 1] == 0).astype(float)
    even, lines = (membrane_interpolation(wall, values, known, vertical=vertical)[:, 0]
                   for vertical in (1.0, 0.04))
    opposite = (wall.vertices[:, 1] == 1) & (wall.vertices[:, 2] > 0.7)
    assert lines[opposite].mean() > even[opposite].mean() + 0.1


def test_membrane_without_knowledge_is_finite(tube: Triangles) -> None:
    values = np.ones((len(tube.vertices), 3))
    found = membrane_interpolation(tube, values, np.zeros(len(values)))
    np.testing.assert_allclose(found, 0, atol=1e-6)
