# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a module with the extension installed from its zip, as a user installs it."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

PACKAGE = "bl_ext.user_default.zero123"
KINDS = ("objects", "meshes", "cameras", "materials", "images", "collections", "scenes", "texts",
         "node_groups", "textures", "actions", "lights")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacks_engine = pytest.mark.skipif(
        importlib.util.find_spec("torch") is None,
        reason="needs the engine's libraries in the Python that runs the tests")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.blender)
            if item.get_closest_marker("needs_engine"):
                item.add_marker(lacks_engine)


@pytest.fixture(scope="session")
def bpy(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The bpy module with the extension installed and its results in a temporary folder."""
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("needs Blender as a module: pip install bpy")
    folder = tmp_path_factory.mktemp("blender")
    # Blender reads these variables at its start, which is the import for the module.
    user = folder / "user"
    user.mkdir()
    os.environ["BLENDER_USER_RESOURCES"] = str(user)
    bpy = importlib.import_module("bpy")
    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=str(archive), enable_on_install=True, overwrite=True)
    bpy.context.preferences.addons[PACKAGE].preferences.results_folder = str(folder / "results")
    return bpy


@pytest.fixture(scope="session")
def extension(bpy: ModuleType) -> Iterator[Callable[[str], ModuleType]]:
    """Returns a module of the installed extension by its path inside the package. Modules of
    tests share the engine that the extension starts, which takes seconds to start."""
    def module(name: str = "") -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)
    yield module
    module("operators.session").session.runner.stop_engine()


@pytest.fixture
def scene(bpy: ModuleType, extension: Callable[[str], ModuleType]) -> Iterator[object]:
    """A file with one empty scene, and no jobs."""
    bpy.data.batch_remove([item for kind in KINDS if kind != "scenes"
                           for item in getattr(bpy.data, kind)])
    yield bpy.context.scene
    jobs = extension("operators.session").session.runner.jobs
    for job in list(jobs):
        if job.state.ended:
            jobs.forget(job)


@pytest.fixture
def contents(bpy: ModuleType) -> Callable[[], dict[str, object]]:
    """Returns the names of all data-blocks and the selection, to check that nothing has changed."""
    def read() -> dict[str, object]:
        active = bpy.context.view_layer.objects.active
        found: dict[str, object] = {kind: sorted(item.name for item in getattr(bpy.data, kind))
                                    for kind in KINDS}
        found["selected"] = sorted(item.name for item in bpy.context.selected_objects)
        found["active"] = active.name if active else None
        return found
    return read


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small square image with alpha: an orange ball on a transparent background."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    inside = x**2 + y**2 < 0.6
    shade = np.clip(0.6 - 0.4 * x - 0.4 * y, 0, 1)
    rgba = np.stack([255 * shade, 140 * shade, 40 * shade, 255 * inside], axis=-1)
    path = tmp_path / "ball.png"
    Image.fromarray((rgba * inside[..., None]).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def image_file(extension, tmp_path):
    """Returns a file for the engine with an image of Blender; copies are written to a temporary
    folder.
    """
    folder = tmp_path / "job"
    folder.mkdir()
    function = extension("operators.scene.image_files").image_file
    return lambda image: function(image, folder)
