# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training shards that the tests of this folder share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One shard of two synthetic objects, the second one held out."""
    pytest.importorskip("embreex", reason="writing training shards needs embreex")
    from engine.training.shape.objects import synthetic_object
    from engine.training.shape.prepare import write_shard

    out = tmp_path_factory.mktemp("shards")
    write_shard(out / "pass0_0000", [synthetic_object(i) for i in (1, 2)], ["synthetic"] * 2, 2, 0)
    path = out / "pass0_0000.json"
    content = json.loads(path.read_text())
    content["objects"][1]["held_out"] = True
    path.write_text(json.dumps(content))
    return out
