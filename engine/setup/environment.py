# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python environment: find it, describe it, start it cleanly.

The engine runs in a Python of its own, so that torch never enters Blender's. Standard library only:
this module is imported by Blender's Python.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import EngineError, ErrorCode
from ..core.processes import run_hidden

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package `engine`: the extension's own, or the project's."""

MINIMUM_PYTHON = (3, 11)
RECORD_FILE = "zero123.json"
"""File in an environment that this program made, with its `EnvironmentSpec`."""
HINT = "choose another Python for the engine in the preferences, or install the libraries into it"


@dataclass(frozen=True)
class Requirement:
    """A library that the engine needs."""

    name: str
    """Name in the package index."""
    minimum: str
    """Oldest version known to work."""
    purpose: str

    def met_by(self, version: str | None) -> bool:
        """Whether an installed version (None: not installed) is new enough."""
        return version is not None and _numbers(version) >= _numbers(self.minimum)


REQUIREMENTS = (
    Requirement("torch", "2.6", "networks and the fit of the radiance field"),
    Requirement("diffusers", "0.35", "the diffusion pipeline"),
    Requirement("transformers", "4.56", "the image encoder"),
    Requirement("safetensors", "0.5", "model files"),
    Requirement("numpy", "1.26", "arrays"),
    Requirement("pillow", "10.1", "images"),
    Requirement("scipy", "1.11", "masks and distances"),
    Requirement("trimesh", "4.0", "mesh files"),
    Requirement("opencv-python-headless", "4.8", "background removal"),
    Requirement("onnxruntime", "1.17", "background removal"),
    Requirement("PyMCubes", "0.1.6", "marching cubes"),
    Requirement("fast-simplification", "0.1.9", "simplification of meshes"),
    Requirement("xatlas", "0.0.9", "texture coordinates"),
)


@dataclass(frozen=True)
class EnvironmentReport:
    """The engine's requirements that a Python meets."""

    python: Path
    python_version: str
    versions: Mapping[str, str | None]
    """Installed version of every requirement; None for a missing one."""

    @property
    def problems(self) -> list[str]:
        """A phrase for each requirement that is missing or too old."""
        return [
            f"{wanted.name} is missing" if self.versions.get(wanted.name) is None
            else f"{wanted.name} {self.versions[wanted.name]} is older than {wanted.minimum}"
            for wanted in REQUIREMENTS if not wanted.met_by(self.versions.get(wanted.name))]

    def check(self) -> None:
        """Raise EngineError `ENVIRONMENT` unless all requirements are met."""
        if self.problems:
            raise EngineError(
                ErrorCode.ENVIRONMENT,
                f"the engine's Python lacks libraries: {', '.join(self.problems)}",
                f"install them with `{self.python} -m pip install "
                + " ".join(f'"{wanted.name}>={wanted.minimum}"' for wanted in REQUIREMENTS
                           if not wanted.met_by(self.versions.get(wanted.name))) + "`")


def user_folder() -> Path:
    """The folder for the user's data: models, and the engine's own Python."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "zero123"


def remote_jobs_folder() -> Path:
    """The folder for the files of jobs that come from other computers."""
    return user_folder() / "remote"


def isolated_python(python: str | Path) -> list[str]:
    """The start of a command that runs a Python without the user's and Blender's settings.

    Python's own `-I` would also keep out the current folder, which is where `-m engine` is found.
    """
    return [str(python), "-E", "-s", "-X", "utf8"]


def engine_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables for the engine: those of `base` without Python's own.

    Blender sets some of them (PYTHONHOME, PYTHONPATH) to its own libraries, which would break or
    silently change another Python.
    """
    values = os.environ if base is None else base
    return {name: value for name, value in values.items()
            if not name.upper().startswith(("PYTHON", "__PYVENV"))}


def find_python(preferred: str | None = None, venv: str | Path | None = None) -> Path:
    """The Python that runs the engine. `describe` checks its libraries.

    An environment whose Blender has moved is repaired.

    Args:
        preferred: the user's choice; if given, nothing else is tried.
        venv: folder of the extension's own virtual environment.

    Raises:
        EngineError: `ENVIRONMENT` if there is none.
    """
    if preferred:
        path = Path(preferred).expanduser()
        if not path.is_file():
            raise EngineError(ErrorCode.ENVIRONMENT, f"the Python {preferred} does not exist", HINT)
        return path
    # Blender as a module (`pip install bpy`), or no Blender at all: the running Python may have all
    # libraries. Blender's own Python does not, and they must not be installed into it.
    if is_python(sys.executable) and importlib.util.find_spec("torch") is not None:
        return Path(sys.executable)
    if venv is not None and (Path(venv) / "pyvenv.cfg").is_file():
        repair(Path(venv))
        return venv_python(venv)
    raise EngineError(
        ErrorCode.ENVIRONMENT, "the engine isn't set up: no Python with torch was found",
        "install it in the extension's preferences, or choose a Python there that has torch")


def is_python(executable: str | None) -> bool:
    """Whether a program's name is that of a Python interpreter, and not Blender's."""
    return bool(executable) and Path(str(executable)).name.lower().startswith("python")


def venv_python(folder: str | Path) -> Path:
    """The interpreter of a virtual environment."""
    return Path(folder) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@dataclass(frozen=True)
class EnvironmentSpec:
    """How an environment was made."""

    python: str
    """The interpreter that it was built on."""
    installer: str
    """uv or pip. An environment made by uv has no pip."""
    backend: str
    """A value of `backends.Backend`."""
    locks: str
    """Digest of the exact libraries, see `backends.locks_digest`."""


def read_spec(folder: Path) -> EnvironmentSpec | None:
    """The specification of an environment that this program made; None for any other folder."""
    try:
        return EnvironmentSpec(**json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_broken(folder: Path) -> bool:
    """Whether the Python that an environment was built on is missing, as when Blender was moved."""
    home = _settings(folder).get("home")
    return home is None or not any((Path(home) / name).exists()
                               for name in ("python3", "python", "python.exe", "python3.exe"))


def repair(folder: Path) -> None:
    """Rebuild a broken virtual environment on the running Python. Others are not changed.

    Raises:
        EngineError: `ENVIRONMENT` if that is another version, which cannot use its libraries.
    """
    if not is_broken(folder):
        return
    settings = _settings(folder)
    version = _numbers(settings.get("version") or settings.get("version_info", ""))[:2]
    gone = f"the engine's Python was built on {settings.get('home')}, which no longer exists"
    if not is_python(sys.executable) or version != sys.version_info[:2]:
        raise EngineError(ErrorCode.ENVIRONMENT, gone, "install the engine again")
    for link in venv_python(folder).parent.glob("python*"):
        link.unlink()  # venv keeps existing links, even if they are broken
    command = [*isolated_python(sys.executable), "-m", "venv", "--upgrade", "--without-pip",
               str(folder)]
    if run_hidden(command, env=engine_environment(), check=False).returncode:
        raise EngineError(ErrorCode.ENVIRONMENT, gone, "install the engine again")


def _settings(folder: Path) -> dict[str, str]:
    """The settings in a virtual environment's pyvenv.cfg."""
    try:
        lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = [line.partition("=") for line in lines]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


_DESCRIBE = """
import importlib.metadata, json, platform, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
print(json.dumps([platform.python_version(), {name: version(name) for name in sys.argv[1:]}]))
"""


def describe(python: str | Path, timeout: float = 30.0) -> EnvironmentReport:
    """Run a Python once to list its libraries. Nothing heavy is imported.

    Raises:
        EngineError: `ENVIRONMENT` if it cannot be run, is not a Python, or is too old.
    """
    command = [*isolated_python(python), "-c", _DESCRIBE, *(wanted.name for wanted in REQUIREMENTS)]
    try:
        output = run_hidden(command, env=engine_environment(), timeout=timeout, check=True).stdout
        version, versions = json.loads(output)
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"{python} doesn't work as a Python: {error}", HINT) from error
    if _numbers(version) < MINIMUM_PYTHON:
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"{python} is Python {version}",
            f"the engine needs {'.'.join(map(str, MINIMUM_PYTHON))} or newer")
    return EnvironmentReport(Path(python), version, versions)


def _numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version such as "2.13.0+cpu", without zeros at the end."""
    match = re.match(r"\d+(\.\d+)*", version)
    numbers = list(map(int, match.group().split("."))) if match else []
    while numbers and numbers[-1] == 0:  # 1.0 is 1
        numbers.pop()
    return tuple(numbers)
