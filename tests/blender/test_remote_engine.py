# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a remote host in the preferences, jobs run there and their results arrive as usual."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.ssh_server import SshServer, running_server, why_not

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
              pytest.mark.needs_engine]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    folder = tmp_path_factory.mktemp("ssh server")
    with running_server(folder, folder) as server:
        yield server


@pytest.fixture
def preferences(bpy, extension, server, project_root):
    """The preferences of a user whose engine is on another computer."""
    runner = extension("operators.session").session.runner
    found = bpy.context.preferences.addons[extension().__name__].preferences
    runner.stop_engine()
    found.remote_host = server.address
    found.remote_folder, found.remote_python = str(project_root), sys.executable
    yield found
    runner.stop_engine()
    for name in ("remote_host", "remote_folder", "remote_python"):
        found.property_unset(name)


def test_remote_engine_generates_views(bpy, scene, preferences, picture, tiny_model, tmp_path):
    out = tmp_path / "results"
    assert bpy.ops.zero123.generate_views(
        filepath=str(picture), out=str(out), model=str(tiny_model), steps=2, orbit=2
    ) == {'FINISHED'}
    planes = [item for item in bpy.data.objects if "zero123" in item and item.type == 'EMPTY']
    records = [json.loads(item["zero123"]) for item in planes]
    assert records
    assert all(Path(record["files"][0]).parent == out for record in records)
    assert json.loads((out / "request.json").read_text())["request"]["image"] == str(picture)


def test_check_setup_asks_the_remote_engine(bpy, scene, extension, preferences):
    checklist = extension("operators.session").session.checklist
    preferences.engine_python = "/nonexistent/python"
    scene.zero123.model = "zero123-xl"
    try:
        assert not checklist.incomplete, "neither Python nor model is needed on this computer"
        assert bpy.ops.zero123.check_setup() == {'FINISHED'}
        assert checklist.facts["device"]
    finally:
        preferences.engine_python = ""
        scene.zero123.property_unset("model")


def test_remote_host_without_an_engine_is_reported(bpy, scene, preferences, picture, tmp_path):
    preferences.remote_folder = "/nonexistent"
    with pytest.raises(RuntimeError, match="no engine could be started on"):
        bpy.ops.zero123.generate_views(filepath=str(picture), out=str(tmp_path / "results"))
