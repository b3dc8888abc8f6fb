# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python is made, replaced, and kept unchanged after errors; by uv and by pip,
from nearly empty wheels.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
from helpers.empty_wheels import empty_wheels
from packaging.requirements import Requirement as Requested

from engine.cli.main import main
from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.setup import backends, bundled_uv
from engine.setup.environment import REQUIREMENTS, ROOT, find_python, read_spec, venv_python
from engine.setup.install import install

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
needs_uv = pytest.mark.skipif(UV is None, reason="needs uv: pip install uv")


@pytest.fixture(autouse=True)
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this computer: neither its indexes and wheels nor earlier packages."""
    monkeypatch.setattr(bundled_uv, "WHEELS", Path("/none"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_RETRIES", "1")  # it reports the reason only after a retry
    for name in ("UV_NO_CACHE", "PIP_NO_CACHE_DIR"):
        monkeypatch.setenv(name, "1")


@pytest.fixture(params=[pytest.param("uv", marks=needs_uv), "pip"])
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The installer that is found, uv or pip."""
    monkeypatch.setenv("PATH", str(Path(UV).parent) if request.param == "uv" and UV else "/none")
    return request.param


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    empty_wheels(folder / "wheels", folder / "locks")
    return folder


@pytest.fixture
def wheels(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(backends, "LOCKS", bundle / "locks")
    return bundle / "wheels"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The folder of an earlier environment, which must not be changed."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "earlier").touch()
    return folder


def assert_untouched(earlier: Path) -> None:
    """Only the files from which the next installation resumes may be added."""
    assert (earlier / "earlier").is_file()
    assert names_beside(earlier) <= {"engine", "engine.log", "engine.new"}


def names_beside(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir()}


def commands(folder: Path) -> list[str]:
    """The commands of the last installation."""
    lines = folder.with_suffix(".log").read_text().splitlines()
    return [line for line in lines if line.startswith("$ ")]


class StopAt(SilentReporter):
    """Cancels after a number of steps."""

    def __init__(self, step: int) -> None:
        self.step = step

    def progress(self, stage: str, done: int, total: int) -> None:
        if done == self.step:
            raise JobCancelled


# Successful installations.


@pytest.mark.slow
def test_install_offline_replaces_the_environment(
        installer: str, wheels: Path, earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["install", "--folder", str(earlier), "--wheels", str(wheels), "--backend", "cpu"]
    assert main(arguments) == 0
    python = venv_python(earlier)
    assert capsys.readouterr().out.strip() == str(python)
    assert not (earlier / "earlier").exists()
    assert names_beside(earlier) == {"engine", "engine.log"}
    assert "torch" in earlier.with_suffix(".log").read_text()
    assert find_python(str(python)) == python
    spec = read_spec(earlier)
    assert spec is not None
    assert (spec.backend, spec.installer) == ("cpu", installer)


@needs_uv
def test_install_uses_the_bundled_uv(wheels: Path, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages contain a wheel for their system; here there are wheels for other systems, too."""
    assert UV is not None
    tag = f"{bundled_uv._SYSTEMS[sys.platform]}_1_{bundled_uv.platform.machine().lower()}"
    for name, program in ((tag, Path(UV).read_bytes()), ("other_s390x", b"not for us")):
        with ZipFile(tmp_path / f"uv-1.0-py3-none-{name}.whl", "w") as wheel:
            wheel.writestr("uv-1.0.data/scripts/uv", program)
    monkeypatch.setattr(bundled_uv, "WHEELS", tmp_path)
    monkeypatch.setenv("PATH", "/none")
    folder = tmp_path / "user" / "engine"
    install(folder, SilentReporter(), wheels=wheels, backend="cpu")
    assert all(str(folder.with_name("engine.uv")) in command for command in commands(folder))
    assert names_beside(folder) == {"engine", "engine.log"}


# Errors.


@pytest.mark.slow
def test_install_without_a_wheel_keeps_the_environment(
        installer: str, tmp_path: Path, earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path.parent / f"{tmp_path.name}-bundle"
    empty_wheels(bundle / "wheels", bundle / "locks", without="xatlas")
    monkeypatch.setattr(backends, "LOCKS", bundle / "locks")
    with pytest.raises(EngineError) as caught:
        install(earlier, SilentReporter(), wheels=bundle / "wheels", backend="cpu")
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "xatlas" in caught.value.message
    assert "engine.log" in caught.value.hint
    assert_untouched(earlier)


@pytest.mark.slow
def test_install_refuses_a_changed_wheel(
        installer: str, bundle: Path, earlier: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "LOCKS", bundle / "locks")
    wheels = shutil.copytree(bundle / "wheels", tmp_path.parent / f"{tmp_path.name}-replaced")
    with ZipFile(next(wheels.glob("xatlas-*.whl")), "a") as wheel:
        wheel.writestr("xatlas/more.py", "print('not ours')")
    with pytest.raises(EngineError, match=r"(?i)hash|do not match") as caught:
        install(earlier, SilentReporter(), wheels=wheels, backend="cpu")
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert_untouched(earlier)


@pytest.mark.slow
def test_install_resumes_after_a_stop_at_any_step(
        installer: str, wheels: Path, earlier: Path) -> None:
    """Each installation resumes the one before it and is stopped one step later."""
    ran = []
    for step in range(5):
        with pytest.raises(JobCancelled):
            install(earlier, StopAt(step), wheels=wheels, backend="cpu")
        assert_untouched(earlier)
        ran.append(len(commands(earlier)))
    install(earlier, SilentReporter(), wheels=wheels, backend="cpu")
    assert not (earlier / "earlier").exists()
    assert names_beside(earlier) == {"engine", "engine.log"}
    # The venv and the segmentation model are made again until they are complete; the
    # two commands for the libraries find the existing ones.
    assert [*ran, len(commands(earlier))] == [1, 2, 2, 3, 3, 2]
    assert_complete(earlier)


@pytest.mark.slow
def test_install_resumes_after_a_kill(
        installer: str, bundle: Path, earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation and its installer are killed while libraries are written."""
    script = ("import sys; from pathlib import Path; from engine.cli import main; "
              "from engine.setup import backends, bundled_uv; "
              "backends.LOCKS, bundled_uv.WHEELS = Path(sys.argv[1]), Path('/none'); "
              "sys.exit(main.main(sys.argv[2:]))")
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(bundle / "locks"), "install", "--backend", "cpu",
         "--folder", str(earlier), "--wheels", str(bundle / "wheels")],
        cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    staging = earlier.with_name("engine.new")
    while not list(staging.glob("lib/*/site-packages/zero123_empty_d*")):
        assert process.poll() is None
        time.sleep(0.001)
    os.killpg(process.pid, 9)
    process.wait()
    assert_untouched(earlier)
    monkeypatch.setattr(backends, "LOCKS", bundle / "locks")
    install(earlier, SilentReporter(), wheels=bundle / "wheels", backend="cpu")
    assert_complete(earlier)
    assert len(commands(earlier)) == 3


def assert_complete(folder: Path) -> None:
    """Check that all files of all libraries exist."""
    (packages,) = folder.glob("lib/*/site-packages")
    libraries = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    modules = {path.stem for path in packages.glob("zero123_empty_*.py")}
    assert {f"zero123_empty_{name}" for name in libraries - {"pip", "setuptools"}} <= modules
    assert all((info / "INSTALLER").is_file() for info in packages.glob("*.dist-info"))
    assert len(modules) == len(REQUIREMENTS)
    assert [path.name for path in folder.glob("share/zero123/*")] == ["u2netp.onnx"]
    assert not list(folder.glob("u2netp.new"))


@pytest.mark.slow
def test_install_repairs_a_half_written_library(
        installer: str, wheels: Path, earlier: Path) -> None:
    with pytest.raises(JobCancelled):
        install(earlier, StopAt(2), wheels=wheels, backend="cpu")
    (packages,) = earlier.with_name("engine.new").glob("lib/*/site-packages")
    (packages / "zero123_empty_scipy.py").unlink()
    next(packages.glob("scipy-*.dist-info/INSTALLER")).unlink()
    install(earlier, SilentReporter(), wheels=wheels, backend="cpu")
    assert_complete(earlier)


@pytest.mark.slow
def test_install_of_another_backend_starts_again(wheels: Path, earlier: Path) -> None:
    with pytest.raises(JobCancelled):
        install(earlier, StopAt(1), wheels=wheels, backend="cpu")
    record = earlier.with_name("engine.new") / "zero123.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "backend": "cuda"}))
    install(earlier, SilentReporter(), wheels=wheels, backend="cpu")
    assert len(commands(earlier)) == 4, "the environment, two steps of libraries, u2netp"


@pytest.mark.slow
def test_install_recovers_from_a_kill_while_replacing(
        wheels: Path, earlier: Path) -> None:
    earlier.rename(earlier.with_name("engine.old"))
    with pytest.raises(JobCancelled):
        install(earlier, StopAt(1), wheels=wheels, backend="cpu")
    assert_untouched(earlier)


def test_install_checks_the_free_space_first(
        wheels: Path, earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000_000))
    with pytest.raises(EngineError) as caught:
        install(earlier, SilentReporter(), wheels=wheels, backend="cpu")
    assert caught.value.code is ErrorCode.DISK
    assert_untouched(earlier)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; skips without the permission to mount it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not Path(mount[0]).exists() or subprocess.run(mount, check=False,
                                                     capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["/usr/bin/umount", str(folder)], check=True)


@pytest.mark.slow
def test_install_on_a_filling_disk_frees_its_space(
        installer: str, wheels: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, first = shutil.disk_usage, [SimpleNamespace(free=1e12)]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: first.pop() if first else real(path))
    with pytest.raises(EngineError) as caught:
        install(small_disk / "engine", SilentReporter(), wheels=wheels, backend="cpu")
    assert caught.value.code is ErrorCode.DISK, caught.value
    assert "4 GB free" in caught.value.hint
    assert {path.name for path in small_disk.iterdir()} == {"engine.log"}


def test_install_reports_a_read_only_disk(installer: str, wheels: Path,
                                             small_disk: Path) -> None:
    subprocess.run(["/usr/bin/mount", "-o", "remount,ro", str(small_disk)], check=True)
    for folder in (small_disk / "engine", small_disk / "new" / "engine"):
        with pytest.raises(EngineError, match="Read-only") as caught:
            install(folder, SilentReporter(), wheels=wheels, backend="cpu")
        assert caught.value.code is ErrorCode.DISK


@pytest.mark.slow
def test_install_reports_a_wrong_proxy(installer: str, earlier: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(EngineError, match="the installer failed") as caught:
        install(earlier, SilentReporter(), backend="cpu")
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "proxy" in caught.value.hint
    assert_untouched(earlier)


@pytest.mark.slow
def test_install_reports_a_missing_network(installer: str, earlier: Path) -> None:
    without = ["/usr/bin/unshare", "--map-root-user", "--net"]
    if not Path(without[0]).exists() or subprocess.run([*without, "/bin/true"], check=False,
                                                       capture_output=True).returncode:
        pytest.skip("needs the right to take the network away")
    result = subprocess.run(
        [*without, sys.executable, "-m", "engine", "install", "--backend", "cpu", "--folder",
         str(earlier)], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == ErrorCode.ENVIRONMENT.exit_code
    assert "the installer failed" in result.stderr
    assert "folder of wheels" in result.stderr
    assert "Traceback" not in result.stderr
    assert_untouched(earlier)


def test_install_needs_the_folder_of_wheels(tmp_path: Path) -> None:
    assert main(["install", "--folder", str(tmp_path / "engine"), "--wheels",
                 str(tmp_path / "nothing")]) == ErrorCode.BAD_INPUT.exit_code


def test_install_reports_a_file_in_its_way(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError) as caught:
        install(tmp_path / "file" / "engine", SilentReporter(), wheels=wheels, backend="cpu")
    assert caught.value.code is ErrorCode.DISK


# The locks.


def locked(name: str) -> dict[str, set[str]]:
    """The versions of every library in a lock, by its name as the package index has it."""
    found: dict[str, set[str]] = {}
    for line in (backends.LOCKS / name).read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            wanted = Requested(line.rstrip(" \\"))
            version = str(wanted.specifier).removeprefix("==")
            found.setdefault(wanted.name.lower().replace("_", "-"), set()).add(version)
    return found


def test_locks_match_the_requirements() -> None:
    there = {**locked("common.txt"), **locked("torch.txt")}
    for line in (ROOT / "engine" / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            wanted = Requested(line)
            versions = there[wanted.name.lower().replace("_", "-")]
            assert any(wanted.specifier.contains(version) for version in versions), line
    for wanted in REQUIREMENTS:
        assert all(map(wanted.met_by, there[wanted.name.lower()])), wanted.name


@pytest.mark.parametrize("name", ["common.txt", "torch.txt"])
def test_locks_have_hashes(name: str) -> None:
    text = (backends.LOCKS / name).read_text()
    blocks = [block for block in text.split("\n") if block and not block.startswith(("#", " "))]
    assert all(block.endswith("\\") for block in blocks)


def test_locks_have_one_version_of_torch() -> None:
    (version,) = locked("torch.txt")["torch"]
    for name in ("torch-cpu.txt", "torch-cuda-windows.txt", "torch-rocm.txt"):
        assert {build.partition("+")[0] for build in locked(name)["torch"]} == {version}
