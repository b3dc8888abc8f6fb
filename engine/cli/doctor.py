# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `doctor`: facts about this computer and engine for a problem report.

It also runs in a Python without the engine's libraries; unknown facts are left out.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..setup.backends import Backend, cuda_driver, detect_backend, locks_digest
from ..setup.environment import (
    REQUIREMENTS,
    ROOT,
    EnvironmentReport,
    describe,
    is_broken,
    read_spec,
)

MIN_FREE_BYTES = 1_000_000_000
"""Free bytes below which results or a download will soon fail."""
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@dataclass
class Diagnosis:
    """The report and the first problem that was found."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of name and value."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts for programs, as plain JSON."""
    problem: EngineError | None = None

    def add_problem(self, error: EngineError) -> None:
        """Record a problem; the first one counts."""
        self.problem = self.problem or error

    def add(self, name: str, value: object) -> None:
        """Add a line to the report."""
        self.lines.append((name, str(value)))

    @property
    def text(self) -> str:
        """The report, without the name of the user's home folder."""
        return "\n".join(f"{name:20} {shortened(value)}".rstrip() for name, value in self.lines)


def examine() -> Diagnosis:
    """Collect the report."""
    found = Diagnosis()
    report = describe(sys.executable)
    _add_system(found)
    _add_environment(found, report)
    if not report.problems:
        _add_device(found)
    _add_models(found)
    _add_disks(found)
    found.add("problem", found.problem or "none")
    return found


def shortened(text: str) -> str:
    """A text with `~` for the home folder, whose name is often that of the user."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def _add_system(found: Diagnosis) -> None:
    manifest = ROOT / "blender_manifest.toml"
    if manifest.is_file():
        found.add("zero123", tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])
    found.add("folder", ROOT)
    found.add("system", f"{platform.platform()}, {os.cpu_count()} processors")
    proxies = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    if proxies:
        # Not the value, which may hold a password.
        found.add("proxy", f"set in {', '.join(proxies)}")
    socks = [name for name in proxies
             if (os.environ.get(name) or os.environ.get(name.lower(), "")).startswith("socks")]
    if socks and importlib.util.find_spec("socksio") is None:
        found.add("SOCKS proxy", f"set in {', '.join(socks)}: downloads need an HTTP proxy in "
                  "HTTPS_PROXY, or the library socksio")


def _add_environment(found: Diagnosis, report: EnvironmentReport) -> None:
    """The origin of this Python, and its libraries."""
    prefix = Path(sys.prefix)
    spec = read_spec(prefix)
    found.facts.update(python=report.python_version, versions=dict(report.versions))
    found.add("python", f"{report.python_version:12} {report.python}")
    if spec is None:
        found.add("environment", "not created by this program")
    else:
        age = ("up to date" if spec.locks == locks_digest(Backend(spec.backend))
               else "created by another version of this program")
        found.add("environment", f"for {spec.backend}, by {spec.installer}, {age}")
    if sys.prefix != sys.base_prefix and is_broken(prefix):
        found.add("base", "the Python that it was built on no longer exists")
    if prefix.with_name(prefix.name + ".new").exists():
        found.add("installation", "stopped before its end; run `install` again to resume it")
    found.add("uv", shutil.which("uv") or "not on the PATH")
    for wanted in REQUIREMENTS:
        found.add(wanted.name, f"{report.versions[wanted.name] or 'missing':12} {wanted.purpose}")
    try:
        report.check()
    except EngineError as error:
        found.add_problem(error)


def _add_device(found: Diagnosis) -> None:
    """Whether torch works, and on which device."""
    found.add("drivers", f"for {detect_backend().value}; NVIDIA {cuda_driver() or 'none'}")
    try:
        import torch

        from ..core.device_memory import device_memory
        from ..diffusion.cuda_graphs import describe_graphs
        from ..fields.device_selection import select_field_device
        from ..models import resolve_device, resolve_dtype

        target = resolve_device("auto")
        device, dtype = str(target), str(resolve_dtype("auto", target))
        free, total = (round(size / 1e6) for size in device_memory(device))
        fields = select_field_device(target, again=True).report()
        graphs = describe_graphs(target)
    except Exception as error:  # whatever a broken library raises
        found.add_problem(EngineError(
            ErrorCode.ENVIRONMENT, f"torch doesn't work: {type(error).__name__}: {error}",
            "install the engine again, for another backend if its drivers are missing"))
        return
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor()
    built = torch.version.cuda or torch.version.hip or "neither CUDA nor ROCm"
    found.add("torch built for", built)
    found.add("device", f"{device}, {free} of {total} MB free{name and f', {name}'}")
    found.add("number format", dtype.removeprefix("torch."))
    found.add("CUDA graphs", graphs)
    found.add("fields", ", ".join(f"{name} {value}" for name, value in fields.items()))
    found.facts.update(device=device, cuda_graphs=graphs, fields=fields, memory_mb=total,
                       free_memory_mb=free)


def _add_models(found: Diagnosis) -> None:
    """The models on this computer, and what prevents their use."""
    from ..models.catalogue import models_folder
    from ..models.installed_models import installed_models, require_whole

    found.add("models", models_folder())
    try:
        models = installed_models()
        for model in models:
            found.add(f"  {model.name}", ", ".join(model.remarks(_free_memory())) or model.state)
        require_whole(models)
    except EngineError as error:
        found.add_problem(error)
        return
    found.facts.update(models=[asdict(model) for model in models])
    if not models:
        found.add_problem(EngineError(ErrorCode.MODEL_MISSING,
                                      "no model is installed, not even the bundled model nano",
                                "reinstall the program"))


def _free_memory() -> float:
    """Free bytes of main memory; infinity if unknown."""
    try:
        from ..core.device_memory import device_memory

        return device_memory("cpu")[0]
    except ImportError:
        return float("inf")


def _add_disks(found: Diagnosis) -> None:
    """Free space of the disks for models, libraries and temporary files."""
    from ..models.catalogue import models_folder

    for name, folder in (("models", models_folder()), ("libraries", Path(sys.prefix)),
                         ("temporary", Path(tempfile.gettempdir()))):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        found.add(f"disk of {name}", f"{free / 1e9:.1f} GB free in {there}")
        if free < MIN_FREE_BYTES:
            found.add_problem(EngineError(ErrorCode.DISK, f"{there} has {free / 1e6:.0f} MB free",
                                    "free some space"))
