# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators need to know of the extension they belong to: its preferences and folders."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import bpy

from ...engine.models import catalogue
from ...engine.remote.ssh_host import FOLDER, PYTHON, SshHost
from ...engine.setup.environment import user_folder

ROOT_PACKAGE = (__package__ or "").rsplit(".", 2)[0]
"""The package Blender knows the extension by, such as bl_ext.user_default.zero123."""
ROOT_FOLDER = Path(__file__).resolve().parents[2]
"""The folder the extension is installed in; nothing is ever written there."""

CONTEXT = "Zero123"
"""Where translations are looked up of texts that Blender has too, and translates otherwise."""


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
    """After which the engine drops its model; 0 keeps it."""
    wheels_folder: str = ""
    remote_host: str = ""
    remote_folder: str = FOLDER
    remote_python: str = PYTHON

    @property
    def host(self) -> SshHost | None:
        """The computer that is to do the work, if it isn't this one."""
        if not self.remote_host.strip():
            return None
        return SshHost(self.remote_host, self.remote_folder, self.remote_python)


def preferences(context: bpy.types.Context) -> Preferences:
    """The preferences, or their defaults where the extension runs without being installed."""
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


def take_preferred(operator: bpy.types.Operator, context: bpy.types.Context) -> None:
    """Give an operator the device and number format of the preferences, if it has any and wasn't
    told."""
    chosen = preferences(context)
    for name in ("device", "dtype"):
        if hasattr(operator, name) and not operator.properties.is_property_set(name):
            setattr(operator, name, getattr(chosen, name))


def model_folder(context: bpy.types.Context) -> Path:
    """Where downloaded and imported models stand; may not exist yet."""
    chosen = preferences(context).model_folder
    return Path(chosen) if chosen else catalogue.models_folder()


def results_folder(context: bpy.types.Context) -> Path:
    """Where the jobs' folders stand; may not exist yet."""
    chosen = preferences(context).results_folder
    if chosen:
        return Path(chosen)
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="results"))
    except ValueError:  # not installed as an extension
        return Path(tempfile.gettempdir()) / "zero123-results"


def engine_folder() -> Path:
    """Where the engine's own Python is installed; may not exist yet."""
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="engine"))
    except ValueError:  # not installed as an extension
        return user_folder() / "engine"


def new_model_folder(context: bpy.types.Context, title: str) -> Path:
    """A folder for a model with a name that no other has; not made yet."""
    parent = model_folder(context)
    name = _safe_name(title, "model")
    taken = {path.name for path in parent.glob("*")} | {
        model.name for model in catalogue.list_models()}
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return parent / found


def model_name(context: bpy.types.Context, folder: Path) -> str:
    """How the engine is told of a model in this folder."""
    return folder.name if folder.parent == model_folder(context) else str(folder)


def _safe_name(title: str, otherwise: str) -> str:
    return re.sub(r"[^\w-]+", "-", title).strip("-")[:40] or otherwise


class FolderName(NamedTuple):
    """What the name of a job's folder tells."""

    when: str
    """Day and time, such as "2026-03-01 12:30"."""
    kind: str
    title: str


_FOLDER_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-([a-z]+)-(.+)-\w{8}")


def read_folder_name(folder: Path) -> FolderName | None:
    """The facts in a name that `new_job_folder` gave; None for any other."""
    found = _FOLDER_NAME.fullmatch(folder.name)
    if found is None:
        return None
    year, month, day, hour, minute, kind, title = found.groups()
    return FolderName(f"{year}-{month}-{day} {hour}:{minute}", kind, title)


def new_job_folder(context: bpy.types.Context, kind: str, title: str) -> Path:
    """A folder for one job's files, freshly made.

    Raises:
        OSError: The folder can't be made.
    """
    parent = results_folder(context)
    parent.mkdir(parents=True, exist_ok=True)
    safe = _safe_name(title, "picture")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path(tempfile.mkdtemp(prefix=f"{stamp}-{kind}-{safe}-", dir=parent))
