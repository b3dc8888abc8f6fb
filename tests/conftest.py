# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that every test may use: the project's root, a small model, the shared data."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from build_extension import build

from engine.core.garbage_collector import paused_collector, skip_collection_at_exit
from engine.core.locks import locked_file

ROOT = Path(__file__).resolve().parents[1]

_exit_status = 0


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds the manifest, `engine/` and `tests/`."""
    return ROOT


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """Restores the environment variables that a test, or a command line in this process, has
    set.
    """
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip: the one that ZERO123_EXTENSION names, or a new one."""
    given = os.environ.get("ZERO123_EXTENSION")
    if given:
        return Path(given)
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("needs ZERO123_EXTENSION or Blender as a module, whose tool builds the zip")
    return build(tmp_path_factory.mktemp("zip") / "zero123.zip")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with every component and random weights, which tests must not change: all
    processes of pytest share it. Where diffusers is not loaded yet, a separate process makes it, so
    that this process still starts tests without torch.
    """
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs the engine's libraries in the Python that runs the tests")
    common = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        common = common.parent
    folder = common / "models" / "tiny"
    with locked_file(common / "tiny model.lock"):
        if not folder.is_dir():
            _make_tiny_model(folder.with_name("unfinished"))
            folder.with_name("unfinished").rename(folder)
    return folder


def _make_tiny_model(folder: Path) -> None:
    if "diffusers" in sys.modules:
        from helpers.tiny_pipeline import tiny_pipeline  # imports diffusers
        tiny_pipeline().save_pretrained(folder)
        return
    subprocess.run([sys.executable, "-m", "helpers.tiny_pipeline", str(folder)], check=True,
                   env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT),
                                                                     str(ROOT / "tests")])})


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared` beside the project: data and golden vectors, not part of the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared (data and golden vectors) beside the project")
    return folder


@pytest.fixture(scope="session")
def golden_inputs(shared_dir: Path) -> Mapping[str, np.ndarray]:
    """The inputs of the original code; the README there lists the arrays."""
    return _golden_arrays(shared_dir, "inputs")


@pytest.fixture(scope="session")
def golden_outputs(shared_dir: Path) -> Mapping[str, np.ndarray]:
    """The outputs of the original code."""
    return _golden_arrays(shared_dir, "outputs")


def _golden_arrays(shared_dir: Path, name: str) -> Mapping[str, np.ndarray]:
    path = next(shared_dir.glob(f"golden/**/{name}.npz"), None)
    if path is None:
        pytest.skip(f"needs the golden vectors ../shared/golden/{name}.npz")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Modules of tests import the engine's libraries."""
    with paused_collector():
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the files, those with slow tests come first, so that no process
    is left alone with a long one at the end."""
    if not hasattr(config, "workerinput"):
        return
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    global _exit_status  # noqa: PLW0603 - pytest_unconfigure isn't told the status
    _exit_status = int(exitstatus)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Exit without the interpreter's clean-up if Blender was loaded. The bpy module can crash or
    hang while it is unloaded (a pending timer, a glTF export), which would make a successful run
    fail. All results have been reported by now.
    """
    skip_collection_at_exit()
    if "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_status)
