# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build of torch for a computer is detected from its drivers or chosen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.core.errors import EngineError, ErrorCode
from engine.setup import backends
from engine.setup.backends import (
    Backend,
    choose_backend,
    detect_backend,
    library_steps,
    torch_source,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's drivers")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer without drivers, except those that a test adds."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(backends, "KFD_NODES", tmp_path / "nodes")
    return tmp_path


def nvidia_smi(folder: Path, says: str, status: int = 0) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    program.chmod(0o755)


def amd_node(folder: Path, number: int, target: int) -> None:
    node = folder / "nodes" / str(number)
    node.mkdir(parents=True)
    (node / "properties").write_text(f"cpu_cores_count 0\ngfx_target_version {target}\nsimd_id 0\n")


@linux
@pytest.mark.parametrize(("says", "status", "expected"), [
    ("580.65.06", 0, Backend.CUDA), ("610.10", 0, Backend.CUDA),
    ("535.183.01", 0, Backend.CPU),  # too old for the CUDA that torch brings
    ("No devices were found", 0, Backend.CPU), ("580.65.06", 9, Backend.CPU)])
def test_detect_backend_needs_a_recent_nvidia_driver(bare: Path, says: str, status: int,
                                                     expected: Backend) -> None:
    nvidia_smi(bare, says, status)
    assert detect_backend() is expected
    assert choose_backend("auto") is expected
    assert choose_backend("cpu") is Backend.CPU


@linux
@pytest.mark.parametrize(("target", "expected"), [
    (110000, Backend.ROCM), (90402, Backend.ROCM),
    (0, Backend.CPU),  # a CPU, which the driver lists as well
    (90012, Backend.CPU)])  # a GPU inside a processor, which torch does not support
def test_detect_backend_needs_a_supported_amd_gpu(bare: Path, target: int,
                                                  expected: Backend) -> None:
    amd_node(bare, 0, 0)
    amd_node(bare, 1, target)
    assert detect_backend() is expected


@linux
def test_detect_backend_falls_back_to_the_cpu(bare: Path) -> None:
    assert detect_backend() is Backend.CPU


@pytest.mark.parametrize("name", ["", "tpu", "CUDA"])
def test_choose_backend_refuses_unknown_names(name: str) -> None:
    with pytest.raises(EngineError, match=r"backend .* is unknown") as caught:
        choose_backend(name)
    assert caught.value.code is ErrorCode.BAD_INPUT


@linux
def test_choose_backend_refuses_other_systems() -> None:
    with pytest.raises(EngineError, match="PyTorch is not available for mps") as caught:
        choose_backend("mps")
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("backend", Backend)
def test_backends_have_locks(backend: Backend, system: str) -> None:
    exists = {"linux": backend is not Backend.MPS, "darwin": backend in (Backend.MPS, Backend.CPU),
              "win32": backend in (Backend.CUDA, Backend.CPU)}[system]
    if not exists:
        with pytest.raises(EngineError):
            torch_source(backend, system)
        return
    source = torch_source(backend, system)
    text = (backends.LOCKS / source.lock).read_text()
    assert "torch==" in text
    # A build that the default index does not have is named and comes from its own index.
    assert ("+" in text) == bool(source.index)


@linux
def test_library_steps_require_hashes() -> None:
    common, torch = library_steps(Backend.CUDA)
    assert "--require-hashes" in common
    assert "--require-hashes" in torch
    assert "--index-url" in library_steps(Backend.CPU)[1]
    offline = library_steps(Backend.CPU, Path("/wheels"))
    assert all("--no-index" in options for options in offline)
    assert not any("--index-url" in options for options in offline)
