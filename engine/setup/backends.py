# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What torch computes on, and where the torch for it comes from. Standard library only."""

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
from ..core.processes import NO_WINDOW

LOCKS = Path(__file__).parent / "locks"
"""Files of requirements with exact versions and hashes, written by `nox -s lock`."""
PYTORCH_INDEX = "https://download.pytorch.org/whl/"
CUDA_DRIVER = 580
"""Oldest NVIDIA driver for the CUDA 13.0 that torch brings."""
ROCM_TARGETS = {90008, 90010, 90402, 90500, 100300, 110000, 110001, 110002, 110500, 110501, 120000,
                120001}
"""AMD's processors that the ROCm torch has code for, as the kernel numbers them (gfx90a: 90010)."""
KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
"""Where Linux lists AMD's processors."""


class Backend(Enum):
    """What torch is built for."""

    CPU = "cpu"
    CUDA = "cuda"
    """NVIDIA."""
    ROCM = "rocm"
    """AMD, on Linux."""
    MPS = "mps"
    """Apple's processors."""


AUTO = "auto"
"""The choice of a backend that leaves it to `detect_backend`."""
NEEDED_BYTES = {Backend.CPU: 4_000_000_000, Backend.MPS: 4_000_000_000,
                Backend.CUDA: 10_000_000_000, Backend.ROCM: 20_000_000_000}
"""Free space asked for: what stays, the downloads, and what they unpack to."""


@dataclass(frozen=True)
class TorchSource:
    """Where a build of torch comes from."""

    lock: str
    """Name of its file in the folder of locks."""
    index: str = ""
    """Of packages, instead of the usual one."""


def choose_backend(name: str) -> Backend:
    """The backend of a name; "auto" asks this computer.

    Raises:
        EngineError: `BAD_INPUT` for an unknown name, or one that this system can't have.
    """
    if name == AUTO:
        return detect_backend()
    try:
        backend = Backend(name)
    except ValueError:
        raise EngineError(ErrorCode.BAD_INPUT, f"there is no backend {name!r}",
                          f"choose from auto, {', '.join(b.value for b in Backend)}") from None
    torch_source(backend)
    return backend


def detect_backend() -> Backend:
    """The fastest that this computer can use, as far as its drivers tell."""
    if sys.platform == "darwin":
        return Backend.MPS if platform.machine() == "arm64" else Backend.CPU
    if cuda_driver() >= CUDA_DRIVER:
        return Backend.CUDA
    if sys.platform == "linux" and _amd_targets() & ROCM_TARGETS:
        return Backend.ROCM
    return Backend.CPU


def torch_source(backend: Backend, system: str = sys.platform) -> TorchSource:
    """Where the torch for a backend comes from on a system (as `sys.platform` names it).

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
            # What the usual index has: CUDA on Linux, Metal on macOS, the CPU on Windows.
            return TorchSource("torch.txt")
    raise EngineError(ErrorCode.BAD_INPUT, f"there is no torch for {backend.value} on this system",
                      "choose auto or cpu")


def library_steps(backend: Backend, wheels: Path | None = None) -> list[list[str]]:
    """What pip and uv are to be told, for each of the two steps that bring libraries.

    `wheels`: a folder to take them from, instead of an index.
    """
    source = torch_source(backend)
    lock = LOCKS / source.lock
    offline = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    torch = ["-r", str(lock)]
    if backend is not Backend.ROCM:  # whose torch needs a triton that only its index knows
        torch.append("--no-deps")
    if "--hash" in lock.read_text(encoding="utf-8"):
        torch.append("--require-hashes")
    if source.index and not offline:
        torch += ["--index-url", source.index]
    common = ["-r", str(LOCKS / "common.txt"), "--no-deps", "--require-hashes"]
    return [[*common, *offline], [*torch, *offline]]


def locks_digest(backend: Backend) -> str:
    """A short name for the exact libraries that a backend gets."""
    names = ("common.txt", torch_source(backend).lock, "u2netp.txt")
    return hashlib.sha256(b"".join((LOCKS / name).read_bytes()
                                   for name in names)).hexdigest()[:16]


def cuda_driver() -> int:
    """Major version of the NVIDIA driver that works here; 0 if there is none, or no GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        output = subprocess.run(
            [program, "--query-gpu=driver_version", "--format=csv,noheader"], check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
            creationflags=NO_WINDOW).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"\d+", output.strip())
    return int(found.group()) if found else 0


def _amd_targets() -> set[int]:
    """The numbers of AMD's processors that the kernel's driver offers."""
    targets = set()
    for path in KFD_NODES.glob("*/properties"):
        found = re.search(r"^gfx_target_version (\d+)$", path.read_text(), re.MULTILINE)
        if found:
            targets.add(int(found.group(1)))
    return targets
