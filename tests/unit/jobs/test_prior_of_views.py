# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which views are fitted with the shape network's prediction as a prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.imaging.view_set import ViewSet
from engine.jobs.mesh import needs_prior


@pytest.mark.parametrize(("meta", "expected"), [
    ({"model": "nano"}, True), ({}, False), ({"model": ""}, False), ({"model": 3}, False),
    ({"model": "nano", "source": "mesh"}, False)])
def test_needs_prior_follows_the_model_of_the_views(meta: dict[str, Any], expected: bool) -> None:
    """Images of a mesh and renderings, which name no model, need no prior."""
    assert needs_prior(views_of(meta)) is expected


def test_needs_prior_is_false_for_an_unknown_model(tmp_path: Path) -> None:
    assert not needs_prior(views_of({"model": str(tmp_path / "gone")}))


def views_of(meta: dict[str, Any]) -> ViewSet:
    return ViewSet(np.zeros((1, 4, 4, 4), np.float32), np.zeros(1), np.zeros(1), np.ones(1),
                   np.zeros(1, int), meta=meta)
