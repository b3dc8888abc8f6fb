# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of the training objects for models of views."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("embreex", reason="rendering training objects needs embreex")

from engine.training.shape import view_shards
from engine.training.shape.objects import synthetic_object
from engine.training.shape.view_shards import chosen_names, main, rendered_object
from engine.training.shards import read_shards

INDEX = {
    "new": {"source": "vrx", "kind": "cup", "licence": "MIT"},
    "old": {"source": "vrx", "kind": "cup", "licence": "MIT"},
    "robot": {"source": "px4", "kind": "robot", "licence": "BSD"},
}


def test_chosen_names_are_new_and_not_held_out() -> None:
    names = chosen_names(INDEX, {"old"}, None)
    assert [name for name in names if not name.startswith("synthetic__")] == ["new"]


def test_rendered_object_depends_on_the_name_alone() -> None:
    once, again = (rendered_object(synthetic_object(3), "MIT", 2) for _ in range(2))
    np.testing.assert_array_equal(once.rgba, again.rgba)
    np.testing.assert_array_equal(once.pose, again.pose)


def test_rendered_object_has_one_light_for_all_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second camera at the place of the first sees the same image."""
    monkeypatch.setattr(view_shards, "random_cameras",
                        lambda rng, count: np.tile([30.0, 20.0, 1.8], (count, 1)))
    images = rendered_object(synthetic_object(3), "MIT", 2).rgba
    np.testing.assert_array_equal(images[0], images[1])
    assert images[0, ..., 3].mean() > 1


def test_main_writes_only_missing_shards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    meshes, out = tmp_path / "meshes", tmp_path / "out"
    meshes.mkdir()
    (meshes / "train_meshes.csv").write_text("name,source,licence,kind\n", encoding="utf-8")
    monkeypatch.setattr(view_shards, "PER_SHARD", 1)
    out.mkdir()
    (out / "000.tar").write_bytes(b"complete")
    names = chosen_names({}, set(), 3)
    (tmp_path / "names.json").write_text(json.dumps(names[1:2]), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", [
        "view_shards", str(meshes), str(out), "--views", "2", "--limit", "2",
        "--without", str(tmp_path / "names.json")])
    main()
    assert (out / "000.tar").read_bytes() == b"complete"
    (out / "000.tar").unlink()
    (found,) = read_shards(out)
    assert found.name == names[2]
    assert len(found.rgba) == 2
