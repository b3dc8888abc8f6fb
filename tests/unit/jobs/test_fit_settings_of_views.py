# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With which settings views are fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.imaging.view_set import ViewSet
from engine.jobs.mesh import fit_settings_of
from engine.models.families import GIVEN_FIT, NANO


def test_fit_settings_of_views_are_those_of_their_model() -> None:
    assert fit_settings_of(views_of({"model": "nano"})) == NANO.fit


@pytest.mark.parametrize("meta", [
    {}, {"model": ""}, {"model": 3}, {"model": "nano", "source": "mesh"}])
def test_fit_settings_of_renderings_are_those_of_given_views(meta: dict[str, Any]) -> None:
    """Images of a mesh, and views that name no model."""
    assert fit_settings_of(views_of(meta)) == GIVEN_FIT


def test_fit_settings_of_an_unknown_model_are_those_of_given_views(tmp_path: Path) -> None:
    assert fit_settings_of(views_of({"model": str(tmp_path / "gone")})) == GIVEN_FIT


def views_of(meta: dict[str, Any]) -> ViewSet:
    return ViewSet(np.zeros((1, 4, 4, 4), np.float32), np.zeros(1), np.zeros(1), np.ones(1),
                   np.zeros(1, int), meta=meta)
