# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's preferences and folders."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import bpy

from ...engine.core.files import free_name
from ...engine.models import catalogue
from ...engine.remote.ssh_host import FOLDER, PYTHON, SshHost
from ...engine.setup.environment import user_folder
from ..scene.folder_names import make_job_folder, safe_name

ROOT_PACKAGE = (__package__ or "").rsplit(".", 2)[0]
"""The extension's package name in Blender, such as bl_ext.user_default.zero123."""


class Preferences(NamedTuple):
    """The user's preferences as plain values, safe to keep. An empty path means the default."""

    engine_python: str = ""
    model_folder: str = ""
    results_folder: str = ""
    device: str = "auto"
    dtype: str = "auto"
    hub_mirror: str = ""
    hub_token: str = ""
    backend: str = "auto"
    idle_minutes: int = 10
    """Minutes without work after which the engine releases its model; 0 keeps it."""
    wheels_folder: str = ""
    remote_host: str = ""
    remote_folder: str = FOLDER
    remote_python: str = PYTHON

    @property
    def host(self) -> SshHost | None:
        """The remote computer that runs the engine; None for this computer."""
        if not self.remote_host.strip():
            return None
        return SshHost(self.remote_host, self.remote_folder, self.remote_python)


def preferences(context: bpy.types.Context) -> Preferences:
    """The preferences, or the defaults if the code does not run as an installed extension."""
    addon = context.preferences.addons.get(ROOT_PACKAGE)
    if addon is None or addon.preferences is None:
        return Preferences()
    stored = addon.preferences
    return Preferences(
        stored.engine_python, bpy.path.abspath(stored.model_folder),
        bpy.path.abspath(stored.results_folder), stored.device, stored.dtype,
        stored.hub_mirror, stored.hub_token, stored.backend, stored.idle_minutes,
        bpy.path.abspath(stored.wheels_folder), stored.remote_host, stored.remote_folder,
        stored.remote_python)


def model_folder(context: bpy.types.Context) -> Path:
    """The folder of downloaded and imported models; it may not exist yet."""
    chosen = preferences(context).model_folder
    return Path(chosen) if chosen else catalogue.models_folder()


def results_folder(context: bpy.types.Context) -> Path:
    """The folder that contains a folder per job; it may not exist yet."""
    chosen = preferences(context).results_folder
    if chosen:
        return Path(chosen)
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="results"))
    except ValueError:  # not installed as an extension
        return Path(tempfile.gettempdir()) / "zero123-results"


def engine_log(context: bpy.types.Context) -> Path:
    """The engine's log; it may not exist yet."""
    return results_folder(context) / "engine.log"


def engine_folder() -> Path:
    """The folder of the engine's own Python; it may not exist yet."""
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="engine"))
    except ValueError:  # not installed as an extension
        return user_folder() / "engine"


def new_model_folder(context: bpy.types.Context, title: str) -> Path:
    """A path for a new model, with an unused name; the folder is not created yet."""
    parent = model_folder(context)
    taken = {path.name.casefold() for path in parent.glob("*")} | {
        model.name.casefold() for model in catalogue.list_models()}
    return parent / free_name(safe_name(title, "model"), taken)


def model_name(context: bpy.types.Context, folder: Path) -> str:
    """The name by which the engine finds a model in this folder."""
    return folder.name if folder.parent == model_folder(context) else str(folder)


def new_job_folder(context: bpy.types.Context, kind: str, title: str) -> Path:
    """A new folder for one job's files, among the results.

    Raises:
        OSError: The folder cannot be created.
    """
    return make_job_folder(results_folder(context), kind, title)
