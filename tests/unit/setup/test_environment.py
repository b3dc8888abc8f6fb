# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's Python is found, described and started without the user's settings."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import EngineError, ErrorCode
from engine.setup.environment import (
    REQUIREMENTS,
    ROOT,
    EnvironmentReport,
    Requirement,
    describe,
    engine_environment,
    find_python,
    is_broken,
    is_python,
    isolated_python,
    venv_python,
)


@pytest.fixture(scope="module")
def bare_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any library."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder


def test_describe_finds_all_requirements_here():
    report = describe(sys.executable)
    assert report.python_version == ".".join(map(str, sys.version_info[:3]))
    assert report.problems == []
    report.check()


def test_doctor_names_missing_libraries_and_the_command(bare_venv: Path):
    report = describe(venv_python(bare_venv))
    assert len(report.problems) == len(REQUIREMENTS)
    with pytest.raises(EngineError) as caught:
        report.check()
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "torch is missing" in caught.value.message
    assert f'{venv_python(bare_venv)} -m pip install "torch>=' in caught.value.hint


def test_report_names_a_library_that_is_too_old():
    versions: dict[str, str | None] = {wanted.name: wanted.minimum for wanted in REQUIREMENTS}
    assert EnvironmentReport(Path("python"), "3.11.7", versions).problems == []
    versions["torch"] = "1.13.1+cu117"
    (problem,) = EnvironmentReport(Path("python"), "3.11.7", versions).problems
    assert problem.startswith("torch 1.13.1+cu117 is older than ")


NUMBERS = st.lists(st.sampled_from([0, 1, 2, 9, 10]), min_size=1, max_size=3)


@given(NUMBERS, NUMBERS)
def test_requirement_compares_versions_by_number(left: list[int], right: list[int]):
    minimum, version = (".".join(map(str, numbers)) for numbers in (left, right))
    width = max(len(left), len(right))
    padded = [numbers + [0] * (width - len(numbers)) for numbers in (left, right)]
    wanted = Requirement("lib", minimum, "")
    assert wanted.met_by(version) == (padded[1] >= padded[0])
    assert wanted.met_by(version + "+cpu") == wanted.met_by(version)
    assert not wanted.met_by(None)


@pytest.mark.parametrize("content", [None, "", "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n"])
def test_describe_refuses_other_programs(content: str | None, tmp_path: Path):
    program = tmp_path / "python"
    if content is not None:
        program.write_text(content)
        program.chmod(0o755)
    with pytest.raises(EngineError) as caught:
        describe(program)
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert str(program) in caught.value.message
    assert caught.value.hint


def test_describe_stops_a_hanging_python(tmp_path: Path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    with pytest.raises(EngineError) as caught:
        describe(program, timeout=0.2)
    assert caught.value.code is ErrorCode.ENVIRONMENT


# Finding the Python.


def test_find_python_uses_the_user_s_choice(bare_venv: Path, tmp_path: Path):
    chosen = venv_python(bare_venv)
    assert find_python(str(chosen)) == chosen
    with pytest.raises(EngineError) as caught:
        find_python(str(tmp_path / "nothing"), venv=bare_venv)
    assert caught.value.code is ErrorCode.ENVIRONMENT


def test_find_python_uses_this_python_if_it_has_torch(bare_venv: Path):
    assert find_python() == Path(sys.executable)
    assert find_python(venv=bare_venv) == Path(sys.executable)


def find_from(python: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    """Call `find_python` inside another interpreter."""
    script = f"from engine.setup.environment import find_python; print(find_python({arguments}))"
    return subprocess.run([python, "-c", script], cwd=ROOT, capture_output=True, text=True,
                          check=False)


def test_find_python_uses_the_extension_s_environment(bare_venv: Path, tmp_path: Path):
    venv.create(tmp_path, with_pip=False)
    found = find_from(venv_python(bare_venv), f"venv={str(tmp_path)!r}")
    assert found.stdout.strip() == str(venv_python(tmp_path))


def test_find_python_reports_that_there_is_none(bare_venv: Path, tmp_path: Path):
    found = find_from(venv_python(bare_venv), f"venv={str(tmp_path / 'nothing')!r}")
    assert found.returncode == 1
    assert "isn't set up" in found.stderr


@pytest.mark.parametrize(("executable", "expected"), [
    ("/usr/bin/python3.11", True), ("/opt/venv/bin/python", True), ("/opt/blender/blender", False),
    ("/Applications/Blender.app/Contents/MacOS/Blender", False), ("", False), (None, False),
])
def test_find_python_ignores_blender(executable: str | None, expected: bool):
    assert is_python(executable) is expected


# Blender has moved.


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """An environment whose base Python, in a folder like Blender's, was moved."""
    if sys.platform == "win32":
        pytest.skip("needs links")
    place = tmp_path / "blender"
    place.symlink_to(Path(sys.base_prefix))
    python = place / "bin" / f"python3.{sys.version_info.minor}"
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "engine"], check=True)
    (package,) = (tmp_path / "engine").glob("lib/*/site-packages")
    (package / "library.py").write_text("here = True")
    assert not is_broken(tmp_path / "engine")
    place.rename(tmp_path / "elsewhere")
    return tmp_path / "engine"


def test_repair_follows_a_moved_blender(moved: Path, bare_venv: Path):
    assert is_broken(moved)
    assert not venv_python(moved).is_file()
    found = find_from(venv_python(bare_venv), f"venv={str(moved)!r}")
    assert found.stdout.strip() == str(venv_python(moved)), found.stderr
    assert not is_broken(moved)
    subprocess.run([venv_python(moved), "-c", "import library"], check=True)


def test_repair_refuses_another_python_version(moved: Path, bare_venv: Path):
    settings = moved / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("version = 3.", "version = 2."))
    before = sorted(moved.rglob("*"))
    found = find_from(venv_python(bare_venv), f"venv={str(moved)!r}")
    assert found.returncode == 1
    assert "which no longer exists" in found.stderr
    assert sorted(moved.rglob("*")) == before


# Starting without the user's settings.


def test_engine_environment_drops_python_s_variables():
    base = {"PYTHONPATH": "/b", "PYTHONHOME": "/b", "pythonstartup": "/x", "HOME": "/h",
            "CUDA_VISIBLE_DEVICES": "0", "__PYVENV_LAUNCHER__": "/y"}
    assert engine_environment(base) == {"HOME": "/h", "CUDA_VISIBLE_DEVICES": "0"}
    assert set(engine_environment()) <= set(os.environ)


def test_isolated_python_ignores_user_site_packages():
    script = "import site, sys; print(site.ENABLE_USER_SITE, sys.flags.ignore_environment)"
    output = subprocess.run([*isolated_python(sys.executable), "-c", script], check=True,
                            capture_output=True, text=True).stdout
    assert output.split() == ["False", "1"]
