# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nearest neighbours, compared with all distances."""

from __future__ import annotations

import numpy as np

from engine.evaluation.nearest import SearchTree, nearest_both_ways


def test_nearest_both_ways_equals_all_distances() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((300, 3)), rng.random((200, 3)) * [1, 2, 0]
    everything = np.linalg.norm(a[:, None] - b, axis=2)
    there, back = nearest_both_ways(a, b)
    assert np.allclose(there.distances, everything.min(1))
    assert np.allclose(back.distances, everything.min(0))
    assert (there.indices == everything.argmin(1)).all()
    assert (back.indices == everything.argmin(0)).all()


def test_search_tree_answers_no_questions_with_nothing() -> None:
    nearest = SearchTree(np.random.default_rng(0).random((50, 3))).nearest(np.empty((0, 3)))
    assert nearest.distances.shape == nearest.indices.shape == (0,)
