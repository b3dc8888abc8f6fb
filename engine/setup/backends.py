# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends of torch, and the package index of each build. Standard library only."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..core.errors import EngineError, ErrorCode
from ..core.processes import run_hidden

LOCKS = Path(__file__).parent / "locks"
"""Files of requirements with exact versions and hashes, written by `nox -s lock`."""
PYTORCH_INDEX = "https://download.pytorch.org/whl/"
CUDA_DRIVER = 580
"""Oldest NVIDIA driver for the CUDA 13.0 that torch brings."""
ROCM_TARGETS = {90008, 90010, 90402, 90500, 100300, 110000, 110001, 110002, 110500, 110501, 120000,
                120001}
"""AMD GPUs that the ROCm build of torch supports, as the kernel numbers them (gfx90a: 90010)."""
KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
"""Folder in which Linux lists AMD GPUs."""


class Backend(Enum):
    """The kind of device that a build of torch computes on."""

    CPU = "cpu"
    CUDA = "cuda"
    """NVIDIA GPUs."""
    ROCM = "rocm"
    """AMD GPUs, on Linux."""
    MPS = "mps"
    """Apple's GPUs."""


AUTO = "auto"
"""Name that leaves the choice of a backend to `detect_backend`."""
NEEDED_BYTES = {Backend.CPU: 4_000_000_000, Backend.MPS: 4_000_000_000,
                Backend.CUDA: 10_000_000_000, Backend.ROCM: 20_000_000_000}
"""Free bytes that an installation needs, for the libraries, the downloads and unpacking them."""


@dataclass(frozen=True)
class TorchSource:
    """Where a build of torch comes from."""

    lock: str
    """Name of its file of locked requirements, in `LOCKS`."""
    index: str = ""
    """Package index to use instead of PyPI, or empty."""


def choose_backend(name: str) -> Backend:
    """The backend of this name; "auto" selects one for this computer.

    Raises:
        EngineError: `BAD_INPUT` for an unknown name, or a backend that does not exist on this
        system.
    """
    if name == AUTO:
        return detect_backend()
    try:
        backend = Backend(name)
    except ValueError:
        raise EngineError(ErrorCode.BAD_INPUT, f"the backend {name!r} is unknown",
                          f"choose from auto, {', '.join(b.value for b in Backend)}") from None
    torch_source(backend)
    return backend


def detect_backend() -> Backend:
    """The fastest backend of this computer, according to its drivers."""
    if sys.platform == "darwin":
        return Backend.MPS if platform.machine() == "arm64" else Backend.CPU
    if cuda_driver() >= CUDA_DRIVER:
        return Backend.CUDA
    if sys.platform == "linux" and _amd_targets() & ROCM_TARGETS:
        return Backend.ROCM
    return Backend.CPU


def torch_source(backend: Backend, system: str = sys.platform) -> TorchSource:
    """The source of torch for a backend on a system (a value of `sys.platform`).

    Raises:
        EngineError: `BAD_INPUT` if there is none.
    """
    match backend, system:
        case (Backend.CPU, "linux"):
            return TorchSource("torch-cpu.txt", f"{PYTORCH_INDEX}cpu")
        case (Backend.CUDA, "win32"):
            return TorchSource("torch-cuda-windows.txt", f"{PYTORCH_INDEX}cu130")
        case (Backend.ROCM, "linux"):
            return TorchSource("torch-rocm.txt", f"{PYTORCH_INDEX}rocm7.2")
        case (Backend.CPU, _) | (Backend.CUDA, "linux") | (Backend.MPS, "darwin"):
            # PyPI has the build for CUDA on Linux, Metal on macOS and the CPU on Windows.
            return TorchSource("torch.txt")
    raise EngineError(ErrorCode.BAD_INPUT,
                      f"PyTorch is not available for {backend.value} on this system",
                      "choose auto or cpu")


def library_steps(backend: Backend, wheels: Path | None = None) -> list[list[str]]:
    """Arguments for pip and uv, for each of the two steps that install libraries.

    `wheels`: folder of wheels to use instead of an index.
    """
    source = torch_source(backend)
    lock = LOCKS / source.lock
    offline = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    torch = ["-r", str(lock)]
    if backend is not Backend.ROCM:  # whose torch needs a triton that only its own index has
        torch.append("--no-deps")
    if "--hash" in lock.read_text(encoding="utf-8"):
        torch.append("--require-hashes")
    if source.index and not offline:
        torch += ["--index-url", source.index]
    common = ["-r", str(LOCKS / "common.txt"), "--no-deps", "--require-hashes"]
    return [[*common, *offline], [*torch, *offline]]


def locks_digest(backend: Backend) -> str:
    """A short digest of the exact libraries that a backend gets."""
    names = ("common.txt", torch_source(backend).lock, "u2netp.txt")
    return hashlib.sha256(b"".join((LOCKS / name).read_bytes()
                                   for name in names)).hexdigest()[:16]


def cuda_driver() -> int:
    """Major version of the working NVIDIA driver; 0 without a driver or a GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        output = run_hidden([program, "--query-gpu=driver_version", "--format=csv,noheader"],
                            check=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"\d+", output.strip())
    return int(found.group()) if found else 0


def _amd_targets() -> set[int]:
    """Numbers of the AMD GPUs that the kernel's driver offers."""
    targets = set()
    for path in KFD_NODES.glob("*/properties"):
        found = re.search(r"^gfx_target_version (\d+)$", path.read_text(), re.MULTILINE)
        if found:
            targets.add(int(found.group(1)))
    return targets
