# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages: the same sources give the same bytes, and Blender accepts the repository."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest
from build_extension import build
from build_repository import PLATFORMS, build_repository

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None,
                                reason="needs Blender as a module: pip install bpy")
LEFT_OUT = shutil.ignore_patterns(".*", "dist", "demo", "nano", "tests", "__pycache__", "*.png")
"""Files that the tests leave out. nano accounts for most of the bytes and the time."""

SUBSCRIBE = """
import sys
import bpy
bpy.context.preferences.system.use_online_access = True
repository = bpy.context.preferences.extensions.repos.new(
    name="Zero123", module="zero123_repository", remote_url=sys.argv[1])
assert bpy.ops.extensions.repo_sync(repo_directory=repository.directory) == {'FINISHED'}
assert bpy.ops.extensions.package_install(
    repo_directory=repository.directory, pkg_id="zero123", enable_on_install=True) == {'FINISHED'}
module = sys.modules["bl_ext.zero123_repository.zero123"]
print("installed", module.__file__)
assert bpy.ops.zero123.clear_jobs.poll() is False
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.fixture(scope="module")
def sources(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(project_root, tmp_path_factory.mktemp("sources") / "zero123",
                           ignore=LEFT_OUT)


@pytest.fixture(scope="module")
def repository(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    extension = build(folder / "zero123.zip", sources)
    wheels = {}
    for platform, tag in PLATFORMS.items():
        wheels[platform] = folder / f"uv-1.0-py3-none-{tag}.whl"
        with ZipFile(wheels[platform], "w") as wheel:
            wheel.writestr("uv-1.0.data/scripts/uv", "#!/bin/sh\n")
    build_repository(extension, folder / "repository", wheels)
    return folder / "repository"


@pytest.fixture
def address(repository: Path) -> Iterator[str]:
    """Address of the repository on a web server."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(repository))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.json"
        server.shutdown()


def test_zip_holds_what_runs_elsewhere_and_no_tests(archive: Path) -> None:
    with ZipFile(archive) as extension:
        names = set(extension.namelist())
    assert {"engine/remote/remote_agent.py", "engine/batch/farms/zero123.openjd.yaml",
            "engine/batch/farms/zero123.flamenco.js"} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_zip_lacks_evaluation_and_training_from_scratch(archive: Path) -> None:
    """Fine-tuning and the rendering of data sets are included."""
    with ZipFile(archive) as extension:
        names = extension.namelist()
    left_out = ("engine/evaluation/", "engine/training/scratch/", "engine/training/shape/",
                "engine/training/synthetic/", "engine/cli/evaluation.py", "engine/cli/scratch.py")
    assert not [name for name in names if name.startswith(left_out)]
    assert {"engine/training/job.py", "engine/training/rendering/dataset.py"} <= set(names)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_build_is_reproducible(sources: Path, tmp_path: Path) -> None:
    first = sha256(build(tmp_path / "first.zip", sources))
    # Written in another order, at another time, with other permissions.
    copy = tmp_path / "copy"
    for path in sorted(sources.rglob("*"), reverse=True):
        if path.is_file():
            target = copy / path.relative_to(sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(0o700)
            os.utime(target, (1_500_000_000, 1_500_000_000))
    assert sha256(build(tmp_path / "second.zip", copy)) == first
    (copy / "__init__.py").write_text("# another\n")
    assert sha256(build(tmp_path / "third.zip", copy)) != first


def test_index_lists_every_platform(repository: Path) -> None:
    entries = json.loads((repository / "index.json").read_text())["data"]
    assert {entry["platforms"][0] for entry in entries} == set(PLATFORMS)
    for entry in entries:
        package = repository / entry["archive_url"]
        assert entry["archive_hash"] == f"sha256:{sha256(package)}"
        with ZipFile(package) as archive:
            assert [name for name in archive.namelist() if name.startswith("wheels/")] == [
                f"wheels/uv-1.0-py3-none-{PLATFORMS[entry['platforms'][0]]}.whl"]


def test_blender_installs_from_the_index(address: str, tmp_path: Path) -> None:
    """The extension is installed into an empty user folder."""
    result = subprocess.run(
        [sys.executable, "-c", SUBSCRIBE, address], check=False, capture_output=True, text=True,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path), "no_proxy": "127.0.0.1"})
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"installed {tmp_path}" in result.stdout
    assert len(list(tmp_path.glob("extensions/zero123_repository/zero123/wheels/uv-*.whl"))) == 1
